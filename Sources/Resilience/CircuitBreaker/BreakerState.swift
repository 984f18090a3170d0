/// Where a circuit breaker stands.
package enum BreakerState: Hashable, Sendable {
  /// Calls pass and are counted.
  case closed
  /// Calls are refused until then; `opening` counts the openings in a row, from 1.
  case open(until: MonotonicInstant, opening: Int)
  /// So many calls pass as probes that the policy says; their outcomes decide.
  case halfOpen(opening: Int)
  /// An operator: calls are refused until told otherwise.
  case forcedOpen
  /// An operator: calls pass and are counted, and nothing opens.
  case forcedClosed
  /// An operator: calls pass and are not even counted.
  case disabled

  /// The state's name alone, for programs and people.
  package var name: String {
    switch self {
    case .closed: "closed"
    case .open: "open"
    case .halfOpen: "half-open"
    case .forcedOpen: "forced open"
    case .forcedClosed: "forced closed"
    case .disabled: "disabled"
    }
  }
}

/// What became of a call, in the eyes of its caller.
public enum CallOutcome: String, Hashable, Sendable, CaseIterable {
  case success
  case failure
  /// Says nothing about the dependency: a refusal that is the caller's own fault, say.
  case ignored
}

/// What an operator can do.
package enum BreakerCommand: String, Hashable, Sendable, CaseIterable {
  case forceOpen = "force open"
  case forceClosed = "force closed"
  case disable
  /// Back to closed, with nothing counted.
  case reset
}

/// Why a call is not let through.
public struct BreakerRejection: Error, Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    case open
    /// Half-open, and all its probes are under way.
    case probesTaken
    case forcedOpen
  }

  public let reason: Reason
  /// Nanoseconds after which asking again may help; nil if only an operator knows.
  public let retryAfterNanoseconds: Int64?

  package init(reason: Reason, retryAfterNanoseconds: Int64?) {
    self.reason = reason
    self.retryAfterNanoseconds = retryAfterNanoseconds
  }
}

/// A change of state.
package struct BreakerTransition: Hashable, Sendable {
  package enum Cause: Hashable, Sendable, CustomStringConvertible {
    case failureRate(Double)
    case slowRate(Double)
    /// The open wait is over and a call came.
    case waitOver
    case probesSucceeded
    case command(BreakerCommand)
    /// The policy was replaced.
    case policy

    package var description: String {
      switch self {
      case .failureRate(let rate): "\(Int((rate * 100).rounded())) % failed"
      case .slowRate(let rate): "\(Int((rate * 100).rounded())) % were slow"
      case .waitOver: "the wait is over"
      case .probesSucceeded: "the probes went well"
      case .command(let command): "an operator: \(command.rawValue)"
      case .policy: "another policy"
      }
    }
  }

  /// The generation that begins; dense, so that an observer can put transitions in order.
  package let generation: UInt64
  package let from: BreakerState
  package let to: BreakerState
  package let cause: Cause
  package let at: MonotonicInstant
}

/// Counted since the breaker was made; they wrap around.
package struct BreakerCounters: Hashable, Sendable {
  /// Calls by outcome, those that came too late to matter not among them.
  package var succeeded: UInt64 = 0
  package var failed: UInt64 = 0
  package var ignored: UInt64 = 0
  /// Slow ones among the succeeded and failed.
  package var slow: UInt64 = 0
  /// Permits given back without an outcome.
  package var dropped: UInt64 = 0
  /// Results from an earlier state, or after a lease.
  package var stale: UInt64 = 0
  package var rejected: UInt64 = 0
  /// Probes whose lease ran out.
  package var leasesExpired: UInt64 = 0
  package var transitions: UInt64 = 0
  package var openings: UInt64 = 0
}

/// A breaker at one moment, for people and metrics.
package struct BreakerSnapshot: Hashable, Sendable {
  package let policy: BreakerPolicy
  package let state: BreakerState
  package let generation: UInt64
  /// What closed judges by; half-open: the outcomes of the probes so far.
  package let tally: CallTally
  /// Probes under way.
  package let liveProbes: Int
  package let counters: BreakerCounters
  package let lastTransition: BreakerTransition?
}
