/// How the calls to one dependency are guarded: all that there is to decide about it.
public struct DependencyPolicy: Hashable, Sendable {
  public var breaker: BreakerPolicy
  public var bulkhead: BulkheadQueue.Limits
  /// How long a call may wait for its turn.
  public var queueTimeout: Duration
  /// How many calls may be repeated, where that is safe.
  public var retry: RetryBudget.Policy

  public init(
    breaker: BreakerPolicy = BreakerPolicy(), bulkhead: BulkheadQueue.Limits,
    queueTimeout: Duration, retry: RetryBudget.Policy = RetryBudget.Policy()
  ) {
    self.breaker = breaker
    self.bulkhead = bulkhead
    self.queueTimeout = queueTimeout
    self.retry = retry
  }

  /// Throws what is wrong first, naming the field as it stands in a file.
  public func validate() throws(PolicyError) {
    try breaker.validate()
    try bulkhead.validate()
    try PolicyCheck.duration("queue_timeout_ms", queueTimeout, upTo: .seconds(600))
    try retry.validate()
  }
}

/// Why a guarded call gave no value.
public enum DependencyError<Failure: Error>: Error {
  /// The bulkhead had no place in time; the call was not made.
  case turnedAway(BulkheadRejection)
  /// The circuit breaker refused; the call was not made.
  case rejected(BreakerRejection)
  /// The call was made, and threw this.
  case failed(Failure)
}

/// A dependency's guard at one moment, for people and metrics.
public struct DependencySnapshot: Hashable, Sendable {
  public let at: MonotonicInstant
  public let policy: DependencyPolicy
  public let breaker: BreakerSnapshot
  /// Calls inside the bulkhead, and waiting before it.
  public let inside: Int
  public let queued: Int
  /// Calls that the bulkhead turned away, and repetitions, since the guard was made.
  public let turnedAway: UInt64
  public let retried: UInt64
}
