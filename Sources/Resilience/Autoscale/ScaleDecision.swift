/// What the autoscaler decided, and everything it decided it from.
package struct ScaleDecision: Hashable, Sendable {
  /// What made the outcome differ from what the metrics asked for, in the order it was met.
  package enum Bound: String, Hashable, Sendable, Encodable {
    case tolerance
    /// With unknown replicas counted in, the ratio pointed the other way.
    case direction
    case noData = "no data"
    /// Some metric is invalid, so nothing is taken away.
    case partialData = "partial data"
    /// So small a rise so soon after a scale-down waits.
    case hysteresis
    /// The load has begun to rise, so nothing is taken away.
    case rising = "rising load"
    case panic
    case upWindow = "scale-up window"
    case downWindow = "scale-down window"
    case upPolicy = "scale-up policy"
    case downPolicy = "scale-down policy"
    case minimum, maximum
  }

  package var at: MonotonicInstant
  package var current: Int
  package var ready: Int
  package var metrics: [MetricVerdict]
  /// The metric that asked for the most; nil if none is valid.
  package var metric: String?
  package var panic: PanicScaler.Verdict?
  /// What metrics and panic ask for; nil without data.
  package var recommended: Int?
  /// The outcome.
  package var desired: Int
  package var bounds: [Bound] = []

  /// Whether every metric could be read.
  package var hasAllData: Bool { metrics.allSatisfy { $0.invalid == nil } }
}

extension ScaleDecision: CustomStringConvertible {
  /// One line, such as `3 → 6 replicas: offered asks for 7 (ratio 2.31); bounded by scale-up
  /// policy`.
  package var description: String {
    var text = current == desired ? "stays at \(current)" : "\(current) → \(desired)"
    text += " replicas: "
    if let metric, let verdict = metrics.first(where: { $0.name == metric }) {
      text += "\(metric) asks for \(verdict.proposed ?? current)"
      if let ratio = verdict.adjustedRatio ?? verdict.ratio { text += " (ratio \(ratio.short))" }
    } else {
      text += "no metric is valid"
    }
    for verdict in metrics {
      if let invalid = verdict.invalid {
        text += ", \(verdict.name) is invalid: \(invalid.rawValue)"
      }
    }
    if let panic, panic.isPanicking { text += ", panic asks for \(panic.desired)" }
    if !bounds.isEmpty { text += "; bounded by " + bounds.map(\.rawValue).joined(separator: ", ") }
    return text
  }
}

extension ScaleDecision: Encodable {
  private enum CodingKeys: String, CodingKey {
    case atMs, current, ready, desired, recommended, metric, metrics, panic, bounds, text
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(at.nanoseconds / 1_000_000, forKey: .atMs)
    try fields.encode(current, forKey: .current)
    try fields.encode(ready, forKey: .ready)
    try fields.encode(desired, forKey: .desired)
    try fields.encodeIfPresent(recommended, forKey: .recommended)
    try fields.encodeIfPresent(metric, forKey: .metric)
    try fields.encode(metrics, forKey: .metrics)
    try fields.encodeIfPresent(panic, forKey: .panic)
    try fields.encode(bounds, forKey: .bounds)
    try fields.encode(description, forKey: .text)
  }
}

extension Double {
  /// Two places after the point, for people.
  package var short: String {
    guard isFinite, magnitude < 1e12 else { return "\(self)" }
    let hundredths = Int((magnitude * 100).rounded())
    let rest = hundredths % 100
    return (self < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100)."
      + (rest < 10 ? "0" : "") + "\(rest)"
  }
}
