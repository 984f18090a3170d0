/// When a circuit breaker opens, how long it stays open, and how it finds out that it may close.
package struct BreakerPolicy: Hashable, Sendable {
  /// What the rates are taken over.
  package enum Window: Hashable, Sendable {
    /// The last so many calls.
    case count(calls: Int)
    /// The calls of the last `length`, kept in so many buckets of equal length. The oldest bucket
    /// goes as a whole, so between `length` less one bucket and `length` is looked at.
    case time(length: Duration, buckets: Int)
  }

  /// Calls that succeed too late.
  package struct SlowCalls: Hashable, Sendable {
    /// A call is slow if it took longer than this.
    package var duration: Duration
    /// Opens at this share of slow calls, above 0 and at most 1.
    package var rate: Double

    package init(duration: Duration, rate: Double) {
      self.duration = duration
      self.rate = rate
    }
  }

  package var window: Window
  /// Below so many calls in the window nothing is concluded.
  package var minimumCalls: Int
  /// Opens at this share of failures, above 0 and at most 1.
  package var failureRate: Double
  /// nil: calls are never too slow.
  package var slowCalls: SlowCalls?
  package var openWait: BreakerBackOff
  /// So many calls are let through when half-open; their outcomes decide.
  package var probes: Int
  /// A probe that has not reported after this counts as failed, and its permit is worth nothing.
  package var lease: Duration

  package init(
    window: Window = .time(length: .seconds(20), buckets: 20), minimumCalls: Int = 10,
    failureRate: Double = 0.5, slowCalls: SlowCalls? = nil,
    openWait: BreakerBackOff = BreakerBackOff(), probes: Int = 3, lease: Duration = .seconds(10)
  ) {
    self.window = window
    self.minimumCalls = minimumCalls
    self.failureRate = failureRate
    self.slowCalls = slowCalls
    self.openWait = openWait
    self.probes = probes
    self.lease = lease
  }

  /// Why these calls open the breaker, or nil if they do not: at least `minimum` of them, and a
  /// share at or above its threshold.
  package func verdict(on tally: CallTally, minimum: Int) -> BreakerTransition.Cause? {
    guard tally.calls >= minimum, tally.calls > 0 else { return nil }
    // The division rounds as the literal 0.1 does, so that 1 of 10 is at 0.1 and not below it.
    if tally.failures > 0, tally.failureRate >= failureRate {
      return .failureRate(tally.failureRate)
    }
    if let slowCalls, tally.slow > 0, tally.slowRate >= slowCalls.rate {
      return .slowRate(tally.slowRate)
    }
    return nil
  }
}

extension BreakerPolicy {
  package static let windowCallsMax = 100_000
  package static let bucketsMax = 1_000
  package static let probesMax = 1_000
  package static let durationMax = Duration.seconds(86_400)

  /// Throws what is wrong first, naming the field as it stands in a file.
  package func validate() throws(PolicyError) {
    switch window {
    case .count(let calls):
      try PolicyCheck.count("window.calls", calls, in: 1...Self.windowCallsMax)
      try PolicyCheck.count("minimum_calls", minimumCalls, in: 1...Self.windowCallsMax)
      guard minimumCalls <= calls else {
        throw PolicyError(
          field: "minimum_calls",
          problem: "\(minimumCalls) is more than window.calls \(calls): it would never open")
      }
    case .time(let length, let buckets):
      try PolicyCheck.duration("window.length_ms", length, upTo: Self.durationMax)
      try PolicyCheck.count("window.buckets", buckets, in: 1...Self.bucketsMax)
      guard length.wholeNanoseconds >= Int64(buckets) else {
        throw PolicyError(field: "window.length_ms", problem: "\(length) is shorter than buckets")
      }
      try PolicyCheck.count("minimum_calls", minimumCalls, in: 1...Int(Int32.max))
    }
    try PolicyCheck.rate("failure_rate", failureRate)
    if let slowCalls {
      try PolicyCheck.duration("slow_calls.over_ms", slowCalls.duration, upTo: Self.durationMax)
      try PolicyCheck.rate("slow_calls.rate", slowCalls.rate)
    }
    try openWait.validate()
    try PolicyCheck.count("probes", probes, in: 1...Self.probesMax)
    try PolicyCheck.duration("lease_ms", lease, upTo: Self.durationMax)
  }
}
