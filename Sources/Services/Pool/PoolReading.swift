/// What a pool of replicas is doing, at one moment and over the last seconds: what autoscalers, of
/// pools here and of pods elsewhere, decide from. What is not known is nil, never 0.
public struct PoolReading: Sendable, Equatable {
  /// Of those that had to wait, over the last seconds.
  public struct Waits: Sendable, Equatable {
    public var p50: Duration
    public var p95: Duration
    public var p99: Duration
  }

  public var service: String
  public var replicas: Int
  public var replicasMin: Int
  public var replicasMax: Int
  /// Commands at once, of the replicas there are and of the most there may be.
  public var capacity: Int
  public var capacityMax: Int
  /// Commands at work.
  public var inFlight: Int
  /// Commands in the mailbox.
  public var waiting: Int
  /// How long the one that waits longest has waited; nil when none waits.
  public var oldestWaiting: Duration?
  /// nil when none has waited.
  public var queueWait: Waits?

  /// Since the pool was made. Every command that arrived is one that completed, was shed, gave up,
  /// waits or is at work.
  public var arrived: UInt64
  public var completed: UInt64
  /// Refused, nothing of them begun: too much to do.
  public var shed: UInt64

  /// Commands at once that were wanted, the mean of the last seconds: at work, waiting, or shed (as
  /// many places as they would have taken). nil until it has been measured.
  public var offered: Double?
  /// A second, over the last seconds; nil until they have been measured.
  public var arrivalRate: Double?
  public var completionRate: Double?
  public var shedRate: Double?

  /// What was wanted of the places there are: above 1 under overload.
  public var utilization: Double? {
    offered.flatMap { capacity > 0 ? $0 / Double(capacity) : nil }
  }

  /// What was wanted of the places of the most replicas: what pods scale on.
  public var utilizationMax: Double? {
    offered.flatMap { capacityMax > 0 ? $0 / Double(capacityMax) : nil }
  }
}
