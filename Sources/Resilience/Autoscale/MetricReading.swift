/// What one replica tells about a metric.
package struct ReplicaSample: Hashable, Sendable {
  /// How far a replica is in its life.
  package enum State: String, CaseIterable, Hashable, Sendable {
    case ready, unready, pending, failed, deleted
  }

  /// In the metric's unit; nil if nothing is known. Negative values are no values.
  package var usage: Int64?
  package var state: State

  package init(usage: Int64?, state: State = .ready) {
    self.usage = usage
    self.state = state
  }
}

/// One metric as it was read: what was seen, and what it should be. Quantities are whole numbers
/// of a unit that the caller chose small enough (thousandths, as Kubernetes does).
package struct MetricReading: Hashable, Sendable {
  /// What a metric of replicas is compared with.
  package enum ReplicaTarget: Hashable, Sendable {
    /// The share of `request` in use, in percent.
    case utilization(percent: Int64, request: Int64)
    /// The mean over the replicas.
    case averageValue(Int64)
  }

  /// What a metric of the whole service is compared with.
  package enum ServiceTarget: Hashable, Sendable {
    /// The value itself; more than that and more replicas are needed in proportion.
    case value(Int64)
    /// The value divided by the replicas.
    case averageValue(Int64)
  }

  /// Where a value comes from.
  package enum Source: Hashable, Sendable {
    /// One sample a replica. `ignoringUnready`: what starting replicas use says nothing about the
    /// load, as with CPU.
    case replicas([ReplicaSample], target: ReplicaTarget, ignoringUnready: Bool)
    /// One value for all; nil if it is not known.
    case service(Int64?, target: ServiceTarget, ready: Int)
  }

  package var name: String
  package var source: Source
  /// When it was measured; nil if it is as fresh as the question.
  package var measuredAt: MonotonicInstant?

  package init(name: String, source: Source, measuredAt: MonotonicInstant? = nil) {
    self.name = name
    self.source = source
    self.measuredAt = measuredAt
  }
}

/// What a metric proposes, and why.
package struct MetricVerdict: Hashable, Sendable, Encodable {
  /// What kept the replicas as they are although the ratio is not one.
  package enum Kept: String, Hashable, Sendable, Encodable {
    /// The ratio is within the tolerance.
    case tolerance
    /// With the unknown replicas counted in, the ratio points the other way.
    case direction
  }

  /// Why a metric says nothing.
  package enum Invalid: String, Error, Hashable, Sendable, Encodable {
    case noReplicas = "no replicas"
    case noMetrics = "no metrics of any ready replica"
    case noValue = "no value"
    case stale
    case negative = "a negative value"
    case target = "a target that is not above zero"
    case overflow = "values too large to add"
  }

  package var name: String
  /// What was seen over what is wanted, before unknown replicas were counted in.
  package var ratio: Double?
  /// The ratio with unknown replicas counted in, where there were any.
  package var adjustedRatio: Double?
  /// How many replicas this metric asks for; nil if it is invalid.
  package var proposed: Int?
  package var kept: Kept?
  package var invalid: Invalid?

  package init(name: String) { self.name = name }
}
