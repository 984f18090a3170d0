/// How the calls to one dependency are guarded: all that there is to decide about it.
package struct DependencyPolicy: Hashable, Sendable {
  package var breaker: BreakerPolicy
  package var bulkhead: BulkheadQueue.Limits
  /// How long a call may wait for its turn.
  package var queueTimeout: Duration
  /// How many calls may be repeated, where that is safe.
  package var retry: RetryBudget.Policy

  package init(
    breaker: BreakerPolicy = BreakerPolicy(), bulkhead: BulkheadQueue.Limits,
    queueTimeout: Duration, retry: RetryBudget.Policy = RetryBudget.Policy()
  ) {
    self.breaker = breaker
    self.bulkhead = bulkhead
    self.queueTimeout = queueTimeout
    self.retry = retry
  }

  /// Throws what is wrong first, naming the field as it stands in a file.
  package func validate() throws(PolicyError) {
    try breaker.validate()
    try bulkhead.validate()
    try PolicyCheck.duration("queue_timeout_ms", queueTimeout, upTo: .seconds(600))
    try retry.validate()
  }
}

/// Why a guarded call gave no value.
package enum DependencyError<Failure: Error>: Error {
  /// The bulkhead had no place in time; the call was not made.
  case turnedAway(BulkheadRejection)
  /// The circuit breaker refused; the call was not made.
  case rejected(BreakerRejection)
  /// The call was made, and threw this.
  case failed(Failure)
}

/// A dependency's guard at one moment, for people and metrics.
package struct DependencySnapshot: Hashable, Sendable {
  package let at: MonotonicInstant
  package let policy: DependencyPolicy
  package let breaker: BreakerSnapshot
  /// Calls inside the bulkhead, and waiting before it.
  package let inside: Int
  package let queued: Int
  /// Calls that the bulkhead turned away, and repetitions, since the guard was made.
  package let turnedAway: UInt64
  package let retried: UInt64
}
