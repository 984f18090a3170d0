/// What became of a scenario.
package struct SimulationReport: Hashable, Sendable {
  /// The service at an evaluation; rates are of the time since the one before.
  package struct Point: Hashable, Sendable, Encodable {
    package var atS: Double
    package var offered: Double
    package var completed: Double
    package var shed: Double
    package var replicas: Int
    package var ready: Int
    package var needed: Int
    /// The longest since the evaluation before.
    package var queueWaitMs: Double
    package var decision: ScaleDecision
  }

  package var scenario: String
  package var seed: UInt64
  package var points: [Point] = []
  /// The most replicas there were over the most that were needed, less one.
  package var overshoot = 0.0
  /// From the last change of the load's step (or from the beginning) until nothing waits longer
  /// than it should any more.
  package var settlingS = 0.0
  /// How often replicas went the other way than the last time.
  package var directionChanges = 0
  /// The most such changes within one downward stabilization window.
  package var directionChangesPerWindow = 0
  /// Of all that was offered.
  package var shedShare = 0.0
  package var replicaSeconds = 0.0
  package var queueWaitMsMax = 0.0
}

extension SimulationReport: Encodable {
  private enum CodingKeys: String, CodingKey {
    case scenario, seed, overshoot, settlingS, directionChanges, directionChangesPerWindow
    case shedShare, replicaSeconds, queueWaitMsMax, points
  }
}
