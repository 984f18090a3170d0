/// A policy and what happened when, as a file: the input of `baedal breakers replay` and of the
/// tests that hold the breaker against other libraries' tables.
public struct BreakerTrace: Hashable, Sendable {
  public static let inputsMax = 100_000
  public static let callsMax = 1_000_000
  public static let msMax: Int64 = 1_000_000_000_000

  /// How a call ends.
  public enum Ending: Hashable, Sendable {
    case reports(CallOutcome)
    /// The permit is given back without an outcome.
    case drops
    /// The permit is kept for ever.
    case never
  }

  /// What happens.
  public enum Action: Hashable, Sendable {
    /// So many calls one after the other, each of which takes so long if it is let through.
    case calls(Ending, tookMs: Int64, times: Int)
    case command(BreakerCommand)
    /// Somebody looks.
    case look
  }

  /// What the trace's author says must come of it; nil: nothing said.
  public struct Expectation: Hashable, Sendable {
    /// `permitted` or `rejected`, for the last of several calls.
    public var decision: String?
    /// The state's name once the last call has ended.
    public var state: String?
    /// The failure rate that was judged by; within 0.0005.
    public var failureRate: Double?
  }

  /// One line of the trace.
  public struct Input: Hashable, Sendable {
    /// Milliseconds since the trace began; never less than the line before.
    public let atMs: Int64
    public let action: Action
    public let expected: Expectation
  }

  public let name: String
  /// Where the facts come from.
  public let source: String
  public let policy: BreakerPolicy
  /// Decides the jitter.
  public let seed: UInt64
  public let inputs: [Input]
}
