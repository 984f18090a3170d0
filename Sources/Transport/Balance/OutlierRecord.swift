/// How one replica has done lately, and whether it is left out for it.
struct OutlierRecord: Sendable, Hashable {
  private var consecutive = 0
  private var windowEnd = MonotonicInstant(nanoseconds: .min)
  private var calls = 0
  private var failures = 0
  /// Times in a row that it was left out; a window without cause takes one off.
  private var ejections = 0
  private var ejectedUntil: MonotonicInstant?

  /// Left out at that moment. It comes back by itself.
  func isEjected(at now: MonotonicInstant) -> Bool {
    ejectedUntil.map { now < $0 } ?? false
  }

  /// Takes down how a call ended. True when the replica has given cause to be left out.
  mutating func note(failed: Bool, at now: MonotonicInstant, _ policy: BalancePolicy) -> Bool {
    if now >= windowEnd {
      if failures == 0, !isEjected(at: now) { ejections = max(0, ejections - 1) }
      windowEnd = now.advanced(by: policy.window)
      calls = 0
      failures = 0
    }
    calls += 1
    failures += failed ? 1 : 0
    consecutive = failed ? consecutive + 1 : 0
    // What was under way when it was ejected says nothing new.
    guard failed, !isEjected(at: now) else { return false }
    return consecutive >= policy.consecutiveFailures
      || calls >= policy.windowCallsMin && failures * 100 >= calls * policy.failurePercent
  }

  /// Leaves it out, each time for longer, and begins counting anew.
  mutating func eject(at now: MonotonicInstant, _ policy: BalancePolicy, chance: UInt64) {
    let longer = policy.ejection * (1 << min(ejections, 16))
    let time = BalancePolicy.jittered(min(longer, policy.ejectionMax), chance)
    ejections += 1
    ejectedUntil = now.advanced(by: min(time, policy.ejectionMax))
    consecutive = 0
    calls = 0
    failures = 0
    windowEnd = now.advanced(by: min(time, policy.ejectionMax) + policy.window)
  }
}
