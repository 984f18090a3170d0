/// A policy and what happened when, as a file: the input of `baedal breakers replay` and of the
/// tests that hold the breaker against other libraries' tables.
package struct BreakerTrace: Hashable, Sendable {
  package static let inputsMax = 100_000
  package static let callsMax = 1_000_000
  package static let msMax: Int64 = 1_000_000_000_000

  /// How a call ends.
  package enum Ending: Hashable, Sendable {
    case reports(CallOutcome)
    /// The permit is given back without an outcome.
    case drops
    /// The permit is kept for ever.
    case never
  }

  /// What happens.
  package enum Action: Hashable, Sendable {
    /// So many calls one after the other, each of which takes so long if it is let through.
    case calls(Ending, tookMs: Int64, times: Int)
    case command(BreakerCommand)
    /// Somebody looks.
    case look
  }

  /// What the trace's author says must come of it; nil: nothing said.
  package struct Expectation: Hashable, Sendable {
    /// `permitted` or `rejected`, for the last of several calls.
    package var decision: String?
    /// The state's name once the last call has ended.
    package var state: String?
    /// The failure rate that was judged by; within 0.0005.
    package var failureRate: Double?
  }

  /// One line of the trace.
  package struct Input: Hashable, Sendable {
    /// Milliseconds since the trace began; never less than the line before.
    package let atMs: Int64
    package let action: Action
    package let expected: Expectation
  }

  package let name: String
  /// Where the facts come from.
  package let source: String
  package let policy: BreakerPolicy
  /// Decides the jitter.
  package let seed: UInt64
  package let inputs: [Input]
}
