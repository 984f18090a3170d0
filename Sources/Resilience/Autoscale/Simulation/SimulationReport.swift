/// What became of a scenario.
public struct SimulationReport: Hashable, Sendable {
  /// The service at an evaluation; rates are of the time since the one before.
  public struct Point: Hashable, Sendable, Encodable {
    public var atS: Double
    public var offered: Double
    public var completed: Double
    public var shed: Double
    public var replicas: Int
    public var ready: Int
    public var needed: Int
    /// The longest since the evaluation before.
    public var queueWaitMs: Double
    public var decision: ScaleDecision
  }

  public var scenario: String
  public var seed: UInt64
  public var points: [Point] = []
  /// The most replicas there were over the most that were needed, less one.
  public var overshoot = 0.0
  /// From the last change of the load's step (or from the beginning) until nothing waits longer
  /// than it should any more.
  public var settlingS = 0.0
  /// How often replicas went the other way than the last time.
  public var directionChanges = 0
  /// The most such changes within one downward stabilization window.
  public var directionChangesPerWindow = 0
  /// Of all that was offered.
  public var shedShare = 0.0
  public var replicaSeconds = 0.0
  public var queueWaitMsMax = 0.0
}

extension SimulationReport: Encodable {
  private enum CodingKeys: String, CodingKey {
    case scenario, seed, overshoot, settlingS, directionChanges, directionChangesPerWindow
    case shedShare, replicaSeconds, queueWaitMsMax, points
  }
}
