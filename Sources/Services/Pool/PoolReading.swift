/// What a pool of replicas is doing, at one moment and over the last seconds: what autoscalers, of
/// pools here and of pods elsewhere, decide from. What is not known is nil, never 0.
package struct PoolReading: Sendable, Equatable {
  /// Of those that had to wait, over the last seconds.
  package struct Waits: Sendable, Equatable {
    package var p50: Duration
    package var p95: Duration
    package var p99: Duration
  }

  package var service: String
  package var replicas: Int
  package var replicasMin: Int
  package var replicasMax: Int
  /// Commands at once, of the replicas there are and of the most there may be.
  package var capacity: Int
  package var capacityMax: Int
  /// Commands at work.
  package var inFlight: Int
  /// Commands in the mailbox.
  package var waiting: Int
  /// How long the one that waits longest has waited; nil when none waits.
  package var oldestWaiting: Duration?
  /// nil when none has waited.
  package var queueWait: Waits?

  /// Since the pool was made. Every command that arrived is one that completed, was shed, gave up,
  /// waits or is at work.
  package var arrived: UInt64
  package var completed: UInt64
  /// Refused, nothing of them begun: too much to do.
  package var shed: UInt64

  /// Commands at once that were wanted, the mean of the last seconds: at work, waiting, or shed (as
  /// many places as they would have taken). nil until it has been measured.
  package var offered: Double?
  /// A second, over the last seconds; nil until they have been measured.
  package var arrivalRate: Double?
  package var completionRate: Double?
  package var shedRate: Double?

  /// What was wanted of the places there are: above 1 under overload.
  package var utilization: Double? {
    offered.flatMap { capacity > 0 ? $0 / Double(capacity) : nil }
  }

  /// What was wanted of the places of the most replicas: what pods scale on.
  package var utilizationMax: Double? {
    offered.flatMap { capacityMax > 0 ? $0 / Double(capacityMax) : nil }
  }
}
