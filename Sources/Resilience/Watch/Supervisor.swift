/// When a piece of work that has ended is begun again, and when it is given up. Pure: time and
/// chance are handed in. After Erlang's supervisors, whose intensity bound this is.
package struct Supervisor: Sendable {
  package struct Policy: Sendable, Hashable {
    /// How long the first restart waits; each further one in a row twice as long.
    package var initial: Duration
    /// No restart waits longer.
    package var longest: Duration
    /// A wait is spread evenly over its length ± this share, so that those who fell together do not
    /// come back at the same instant.
    package var jitter: Double
    /// Whoever has run for so long is healthy: the next restart is a first one again.
    package var healthyTime: Duration
    /// Restarts within `window`; one more is one too many.
    package var restartsMax: Int
    package var window: Duration

    package init(
      initial: Duration = .milliseconds(100), longest: Duration = .seconds(30),
      jitter: Double = 0.2, healthyTime: Duration = .seconds(60), restartsMax: Int = 10,
      window: Duration = .seconds(600)
    ) {
      self.initial = initial
      self.longest = longest
      self.jitter = jitter
      self.healthyTime = healthyTime
      self.restartsMax = restartsMax
      self.window = window
    }
  }

  package enum Decision: Sendable, Hashable {
    case restart(after: Duration)
    /// It has been restarted too often within the window.
    case giveUp
  }

  package let policy: Policy
  /// Whether it is restarted for ever, since what it fails at may be another node's fault.
  package let isPatient: Bool
  /// Restarts decided on so far.
  package private(set) var restarts = 0
  private var inARow = 0
  private var recent: [MonotonicInstant] = []

  package init(_ policy: Policy, isPatient: Bool = false) {
    self.policy = policy
    self.isPatient = isPatient
  }

  /// The work begun at `begun` has ended at `now`, though nobody had asked it to.
  /// - Parameter unit: chance, evenly spread over 0 ..< 1.
  package mutating func ended(
    begun: MonotonicInstant, at now: MonotonicInstant, unit: Double
  ) -> Decision {
    if now.nanoseconds(since: begun) >= policy.healthyTime.wholeNanoseconds { inARow = 0 }
    let window = policy.window.wholeNanoseconds
    recent.removeAll { now.nanoseconds(since: $0) >= window }
    if !isPatient {
      guard recent.count < policy.restartsMax else { return .giveUp }
      recent.append(now)
    }
    restarts += 1
    inARow += 1
    return .restart(after: wait(unit))
  }

  private func wait(_ unit: Double) -> Duration {
    let longest = Double(policy.longest.wholeNanoseconds)
    var length = Double(policy.initial.wholeNanoseconds)
    var left = inARow - 1
    while left > 0, length < longest {
      length *= 2
      left -= 1
    }
    let spread = min(length, longest) * (1 + policy.jitter * (2 * unit - 1))
    return .nanoseconds(Int64(max(0, min(spread, longest))))
  }
}
