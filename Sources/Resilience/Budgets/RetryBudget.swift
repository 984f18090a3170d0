/// Bounds retries to a share of the calls, so that retries cannot multiply an overload; a few per
/// second are always there for a caller with little traffic. After Finagle's RetryBudget, with a
/// bound on what is saved in place of an expiry.
package struct RetryBudget: Hashable, Sendable {
  /// How many retries are allowed.
  package struct Policy: Hashable, Sendable {
    /// Retries earned by each call, 0 ... 1.
    package var ratio: Double
    /// Retries that are there without any calls, per second.
    package var minimumPerSecond: Int
    /// Retries saved at most.
    package var burst: Int

    package init(ratio: Double = 0.1, minimumPerSecond: Int = 1, burst: Int = 100) {
      self.ratio = ratio
      self.minimumPerSecond = minimumPerSecond
      self.burst = burst
    }

    package func validate() throws(PolicyError) {
      guard ratio >= 0, ratio <= 1 else {
        throw PolicyError(field: "retry.ratio", problem: "\(ratio) is not between 0 and 1")
      }
      try PolicyCheck.count("retry.minimum_per_second", minimumPerSecond, in: 0...1_000_000)
      try PolicyCheck.count("retry.burst", burst, in: 1...1_000_000)
    }
  }

  /// So that a rate per second times nanoseconds is already in this unit.
  private static let retry: Int64 = 1_000_000_000
  private let earnedPerCall: Int64
  private let minimumPerSecond: Int64
  private let full: Int64
  /// Billionths of a retry.
  private var balance: Int64 = 0
  private var latest: MonotonicInstant

  /// Empty at `now`, but for what one second without calls gives.
  package init(_ policy: Policy, at now: MonotonicInstant) throws(PolicyError) {
    try policy.validate()
    earnedPerCall = Int64(policy.ratio * Double(Self.retry))
    minimumPerSecond = Int64(policy.minimumPerSecond)
    full = Int64(policy.burst) * Self.retry
    balance = min(full, minimumPerSecond * Self.retry)
    latest = now
  }

  /// A call that is not a retry was made.
  package mutating func earn() { balance += min(full - balance, earnedPerCall) }

  /// Whether a retry may be made now; if so it is paid for.
  package mutating func spend(at now: MonotonicInstant) -> Bool {
    refill(now)
    guard balance >= Self.retry else { return false }
    balance -= Self.retry
    return true
  }

  private mutating func refill(_ now: MonotonicInstant) {
    guard now > latest else { return }
    let elapsed = now.nanoseconds(since: latest)
    latest = now
    let (earned, overflow) = elapsed.multipliedReportingOverflow(by: minimumPerSecond)
    balance += overflow ? full - balance : min(full - balance, earned)
  }
}
