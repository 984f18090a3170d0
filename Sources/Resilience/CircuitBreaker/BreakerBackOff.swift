/// How long a breaker stays open: longer after every trial that failed, and spread by chance, so
/// that many callers of one dependency do not come back at the same instant.
package struct BreakerBackOff: Hashable, Sendable {
  /// The wait after the first opening.
  package var initial: Duration
  /// Each further opening in a row waits so many times as long; at least 1.
  package var multiplier: Double
  /// No wait is longer.
  package var maximum: Duration
  /// A wait is spread evenly over its length ± this share, at most 1.
  package var jitter: Double

  package init(
    initial: Duration = .seconds(5), multiplier: Double = 2, maximum: Duration = .seconds(60),
    jitter: Double = 0.2
  ) {
    self.initial = initial
    self.multiplier = multiplier
    self.maximum = maximum
    self.jitter = jitter
  }

  /// Nanoseconds to stay open the `opening`th time in a row, counted from 1; `unit` is chance,
  /// evenly spread over 0 ..< 1. Never shorter than a nanosecond: open without a wait is closed.
  func wait(opening: Int, unit: Double) -> Int64 {
    let longest = Double(maximum.wholeNanoseconds)
    var length = Double(initial.wholeNanoseconds)
    var left = opening - 1
    while left > 0, length < longest, multiplier > 1 {
      length *= multiplier
      left -= 1
    }
    let spread = min(length, longest) * (1 + jitter * (2 * unit - 1))
    return Int64(max(1, min(spread, longest)))
  }

  /// Throws what is wrong first.
  func validate() throws(PolicyError) {
    let most = BreakerPolicy.durationMax
    try PolicyCheck.duration("open_wait.initial_ms", initial, upTo: most)
    try PolicyCheck.duration("open_wait.maximum_ms", maximum, upTo: most)
    guard maximum >= initial else {
      throw PolicyError(
        field: "open_wait.maximum_ms", problem: "\(maximum) is less than initial_ms \(initial)")
    }
    guard multiplier >= 1, multiplier <= 100 else {
      throw PolicyError(
        field: "open_wait.multiplier", problem: "\(multiplier) is not between 1 and 100")
    }
    guard jitter >= 0, jitter <= 1 else {
      throw PolicyError(field: "open_wait.jitter", problem: "\(jitter) is not between 0 and 1")
    }
  }
}
