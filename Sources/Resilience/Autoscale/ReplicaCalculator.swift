/// How many replicas a metric asks for: the arithmetic of Kubernetes' horizontal pod autoscaler
/// (pkg/controller/podautoscaler/replica_calculator.go), rounding included.
package struct ReplicaCalculator: Hashable, Sendable {
  /// A ratio as near to one as this changes nothing.
  package var tolerance: Double

  package init(tolerance: Double = 0.1) { self.tolerance = tolerance }

  /// The verdict of one metric at `current` replicas. A metric without data is invalid, never zero.
  package func verdict(on reading: MetricReading, current: Int) -> MetricVerdict {
    var verdict = MetricVerdict(name: reading.name)
    do throws(MetricVerdict.Invalid) {
      switch reading.source {
      case .replicas(let samples, let target, let ignoringUnready):
        guard target.isMeant else { throw .target }
        let groups = try ReplicaGroups(samples, ignoringUnready: ignoringUnready)
        try judge(groups, target, current, &verdict)
      case .service(let value, let target, let ready):
        guard let value else { throw .noValue }
        guard value >= 0 else { throw .negative }
        try judge(value, target, ready: ready, current, &verdict)
      }
    } catch {
      verdict.invalid = error
    }
    return verdict
  }

  /// The bounds themselves are within: 1.1 is, although 1.1 - 1 is more than 0.1 in binary.
  private func isWithinTolerance(_ ratio: Double) -> Bool {
    1 - tolerance <= ratio && ratio <= 1 + tolerance
  }

  private func judge(
    _ groups: ReplicaGroups, _ target: MetricReading.ReplicaTarget, _ current: Int,
    _ verdict: inout MetricVerdict
  ) throws(MetricVerdict.Invalid) {
    let ratio = try target.ratio(of: groups.known)
    verdict.ratio = ratio
    let countsUnready = groups.unready > 0 && ratio > 1
    guard countsUnready || groups.missing > 0 else {
      if isWithinTolerance(ratio) { return keep(current, .tolerance, &verdict) }
      verdict.proposed = Replicas.count(up: ratio * Double(groups.known.count))
      return
    }
    // Nobody knows what these use: the most when there is less to do, nothing when there is more.
    var all = groups.known
    if ratio < 1 {
      let assumed = try target.assumedUsage()
      all += Array(repeating: assumed, count: groups.missing)
    } else if ratio > 1 || !target.isUtilization {
      all += Array(repeating: 0, count: groups.missing)
    }
    if countsUnready { all += Array(repeating: 0, count: groups.unready) }
    let adjusted = try target.ratio(of: all)
    verdict.adjustedRatio = adjusted
    if isWithinTolerance(adjusted) { return keep(current, .tolerance, &verdict) }
    let proposed = Replicas.count(up: adjusted * Double(all.count))
    let turnsBack =
      (ratio < 1 && adjusted > 1) || (ratio > 1 && adjusted < 1)
      || (adjusted < 1 && proposed > current) || (adjusted > 1 && proposed < current)
    if turnsBack { return keep(current, .direction, &verdict) }
    verdict.proposed = proposed
  }

  private func judge(
    _ value: Int64, _ target: MetricReading.ServiceTarget, ready: Int, _ current: Int,
    _ verdict: inout MetricVerdict
  ) throws(MetricVerdict.Invalid) {
    switch target {
    case .value(let wanted):
      guard wanted > 0 else { throw .target }
      let ratio = Double(value) / Double(wanted)
      verdict.ratio = ratio
      // At zero there is nobody to be ready, and no change is too small.
      guard current != 0 else {
        verdict.proposed = Replicas.count(up: ratio)
        return
      }
      if isWithinTolerance(ratio) { return keep(current, .tolerance, &verdict) }
      verdict.proposed = Replicas.count(up: ratio * Double(ready))
    case .averageValue(let wanted):
      guard wanted > 0 else { throw .target }
      let each = Double(value) / Double(wanted)
      // At zero replicas the ratio is infinite, or nothing over nothing: the value decides.
      let ratio = current == 0 ? nil : Double(value) / (Double(wanted) * Double(current))
      verdict.ratio = ratio
      if let ratio, isWithinTolerance(ratio) { return keep(current, .tolerance, &verdict) }
      verdict.proposed = Replicas.count(up: each)
    }
  }

  private func keep(_ current: Int, _ why: MetricVerdict.Kept, _ verdict: inout MetricVerdict) {
    verdict.proposed = current
    verdict.kept = why
  }
}

/// Replicas by what is known of them.
private struct ReplicaGroups {
  /// What the ready ones use.
  var known: [Int64] = []
  /// Starting, or not ready: what they use does not count.
  var unready = 0
  /// Running, and nothing is known.
  var missing = 0

  init(_ samples: [ReplicaSample], ignoringUnready: Bool) throws(MetricVerdict.Invalid) {
    guard !samples.isEmpty else { throw .noReplicas }
    for sample in samples {
      switch (sample.state, sample.usage) {
      case (.deleted, _), (.failed, _): continue
      case (.pending, _): unready += 1
      case (_, nil): missing += 1
      case (.unready, _) where ignoringUnready: unready += 1
      case (_, let usage?):
        guard usage >= 0 else { throw .negative }
        known.append(usage)
      }
    }
    guard !known.isEmpty else { throw .noMetrics }
  }
}

extension MetricReading.ReplicaTarget {
  fileprivate var isUtilization: Bool {
    if case .utilization = self { true } else { false }
  }

  fileprivate var isMeant: Bool {
    switch self {
    case .utilization(let percent, let request): percent > 0 && request > 0
    case .averageValue(let wanted): wanted > 0
    }
  }

  /// What is in use over what is wanted. Whole percents and whole means, as Kubernetes has them.
  fileprivate func ratio(of usages: [Int64]) throws(MetricVerdict.Invalid) -> Double {
    var total: Int64 = 0
    for usage in usages { total = try Self.sum(total, usage) }
    switch self {
    case .utilization(let percent, let request):
      let requested = try Self.product(request, Int64(usages.count))
      let share = try Self.product(total, 100) / requested
      return Double(share) / Double(percent)
    case .averageValue(let wanted):
      return Double(total / Int64(usages.count)) / Double(wanted)
    }
  }

  /// What a replica that says nothing is taken to use when the others have little to do: all it
  /// asked for (or the target, if that is more), so that silence never removes replicas.
  fileprivate func assumedUsage() throws(MetricVerdict.Invalid) -> Int64 {
    switch self {
    case .utilization(let percent, let request):
      try Self.product(request, max(100, percent)) / 100
    case .averageValue(let wanted): wanted
    }
  }

  private static func sum(_ left: Int64, _ right: Int64) throws(MetricVerdict.Invalid) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    if overflow { throw .overflow }
    return sum
  }

  private static func product(
    _ left: Int64, _ right: Int64
  ) throws(MetricVerdict.Invalid) -> Int64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    if overflow { throw .overflow }
    return product
  }
}

/// From arithmetic back to a count.
enum Replicas {
  /// No policy asks for more; Kubernetes counts in 32 bits.
  static let most = Int(Int32.max)

  static func count(up value: Double) -> Int { clamped(value.rounded(.up)) }
  static func count(truncating value: Double) -> Int { clamped(value.rounded(.towardZero)) }

  private static func clamped(_ value: Double) -> Int {
    guard value > 0 else { return 0 }
    return value >= Double(most) ? most : Int(value)
  }
}
