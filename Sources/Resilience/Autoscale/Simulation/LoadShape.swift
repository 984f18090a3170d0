/// How much work arrives over time, as a multiple of a base load.
package enum LoadShape: Hashable, Sendable {
  case constant
  /// `factor` times as much from `from` until `until`.
  case step(factor: Double, from: Duration, until: Duration)
  /// Evenly up to `factor` times as much between `from` and `peak`, and back by `until`.
  case ramp(factor: Double, from: Duration, peak: Duration, until: Duration)
  /// Between once and `factor` times as much.
  case sine(factor: Double, period: Duration)

  /// The multiple at a moment since the beginning.
  package func multiple(at moment: Duration) -> Double {
    switch self {
    case .constant: return 1
    case .step(let factor, let from, let until):
      return moment >= from && moment < until ? factor : 1
    case .ramp(let factor, let from, let peak, let until):
      if moment < from || moment >= until { return 1 }
      if moment < peak { return 1 + (factor - 1) * ((moment - from) / (peak - from)) }
      return 1 + (factor - 1) * ((until - moment) / (until - peak))
    case .sine(let factor, let period):
      return 1 + (factor - 1) * Self.hill(moment / period)
    }
  }

  /// The most it ever is.
  package var peak: Double {
    switch self {
    case .constant: 1
    case .step(let factor, _, _), .ramp(let factor, _, _, _), .sine(let factor, _): factor
    }
  }

  /// One period, 0 at its ends and 1 in its middle: two parabolas, which look like a sine to any
  /// autoscaler and are the same on every machine.
  private static func hill(_ periods: Double) -> Double {
    let phase = periods - periods.rounded(.down)
    let fold = phase < 0.5 ? phase * 2 : 2 - phase * 2
    return fold < 0.5 ? 2 * fold * fold : 1 - 2 * (1 - fold) * (1 - fold)
  }
}
