/// Lets so many through per stretch of time, and up to `burst` at once: the generic cell rate
/// algorithm (ITU-T I.371), kept in nanoseconds, so that it is exact and needs no timer.
package struct TokenBucket: Hashable, Sendable {
  package static let burstMax = 1_000_000
  /// What one token costs.
  private let costNanoseconds: Int64
  private let fullNanoseconds: Int64
  /// Never above `fullNanoseconds`.
  private var creditNanoseconds: Int64
  private var latest: MonotonicInstant

  /// One token every `interval`, at most `burst` of them saved; full at `now`.
  package init(
    every interval: Duration, burst: Int, at now: MonotonicInstant
  ) throws(PolicyError) {
    try PolicyCheck.duration("every", interval, upTo: .seconds(3_600))
    try PolicyCheck.count("burst", burst, in: 1...Self.burstMax)
    costNanoseconds = max(1, interval.wholeNanoseconds)
    // At most 3,600 s × 1,000,000, which is 3.6e18 and fits.
    fullNanoseconds = costNanoseconds * Int64(burst)
    creditNanoseconds = fullNanoseconds
    latest = now
  }

  /// Takes a token. nil: it was there. Otherwise nothing is taken, and the answer is how many
  /// nanoseconds there is to wait for it.
  package mutating func take(at now: MonotonicInstant) -> Int64? {
    refill(now)
    guard creditNanoseconds >= costNanoseconds else { return costNanoseconds - creditNanoseconds }
    creditNanoseconds -= costNanoseconds
    return nil
  }

  /// Whole tokens there.
  package mutating func available(at now: MonotonicInstant) -> Int {
    refill(now)
    return Int(creditNanoseconds / costNanoseconds)
  }

  private mutating func refill(_ now: MonotonicInstant) {
    guard now > latest else { return }
    let missing = fullNanoseconds - creditNanoseconds
    creditNanoseconds += min(missing, now.nanoseconds(since: latest))
    latest = now
  }
}
