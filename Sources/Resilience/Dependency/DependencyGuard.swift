import Synchronization

/// What stands between this node and one dependency: deadline → bulkhead → circuit breaker → call,
/// and a retry where the call was certainly not begun and the budget has room.
package final class DependencyGuard: Sendable {
  private struct State {
    var policy: DependencyPolicy
    var budget: RetryBudget
    var turnedAway: UInt64 = 0
    var retried: UInt64 = 0
  }

  private let breaker: CircuitBreaker
  private let bulkhead: Bulkhead
  private let timing: Bulkhead.Timing
  private let state: Mutex<State>
  /// Held while a policy takes the place of another, in all that have a part of it.
  private let replacing = Mutex(())

  /// - Parameters:
  ///   - name: the dependency's name, for metrics and people.
  ///   - seed: decides the jitter of the open waits: another one for each node.
  ///   - observer: told of the breaker's changes; see `CircuitBreaker.Observer`.
  package init(
    name: String, policy: DependencyPolicy, seed: UInt64, timing: Bulkhead.Timing,
    observer: CircuitBreaker.Observer? = nil
  ) throws(PolicyError) {
    try policy.validate()
    breaker = try CircuitBreaker(
      name: name, policy: policy.breaker, seed: seed, observer: observer)
    bulkhead = try Bulkhead(policy.bulkhead, timing: timing)
    self.timing = timing
    state = Mutex(
      State(policy: policy, budget: try RetryBudget(policy.retry, at: timing.now())))
  }

  package var name: String { breaker.name }

  /// Makes the call when its turn comes before `deadline` and the breaker lets it through. The
  /// deadline is not enforced on the call itself, which is to keep to it.
  /// - Parameters:
  ///   - judge: what a result says about the dependency's health, and the time that it had.
  ///   - mayRepeat: whether a failed call was certainly not begun, so that it may be made again
  ///     without being made twice. It is repeated once, and only within the budget.
  package nonisolated(nonsending) func run<Value, Failure: Error>(
    until deadline: MonotonicInstant?,
    judge: (borrowing Result<Value, Failure>, CallTime) -> CallOutcome,
    mayRepeat: (Failure) -> Bool,
    _ call: () async throws(Failure) -> Value
  ) async throws(DependencyError<Failure>) -> Value {
    // What the breaker refuses anyway need not wait behind calls that hang.
    if let rejection = breaker.refusal(at: timing.now()) { throw .rejected(rejection) }
    let permit = try await enter(until: deadline, as: Failure.self)
    var result = await pass(until: deadline, judge, call)
    if case .failure(.failed(let error)) = result, mayRepeat(error), mayRetry() {
      result = await pass(until: deadline, judge, call)
    }
    // Frees the place.
    _ = consume permit
    return try result.get()
  }

  private nonisolated(nonsending) func pass<Value, Failure: Error>(
    until deadline: MonotonicInstant?,
    _ judge: (borrowing Result<Value, Failure>, CallTime) -> CallOutcome,
    _ call: () async throws(Failure) -> Value
  ) async -> Result<Value, DependencyError<Failure>> {
    let start = timing.now()
    do throws(GuardedCallError<Failure>) {
      return .success(
        try await breaker.run(
          now: timing.now,
          judge: { (result: borrowing Result<Value, Failure>) -> CallOutcome in
            judge(result, CallTime(from: start, to: timing.now(), until: deadline))
          }, call))
    } catch {
      switch error {
      case .rejected(let rejection): return .failure(.rejected(rejection))
      case .failed(let failure): return .failure(.failed(failure))
      }
    }
  }

  private nonisolated(nonsending) func enter<Failure: Error>(
    until deadline: MonotonicInstant?, as: Failure.Type
  ) async throws(DependencyError<Failure>) -> BulkheadPermit {
    let turn = timing.now().advanced(by: state.withLock { $0.policy.queueTimeout })
    do throws(BulkheadRejection) {
      let permit = try await bulkhead.permit(until: min(turn, deadline ?? turn))
      // Calls that are turned away are none to earn a retry by.
      state.withLock { $0.budget.earn() }
      return permit
    } catch {
      // Whoever hung up was not turned away.
      if error != .cancelled { state.withLock { $0.turnedAway &+= 1 } }
      throw .turnedAway(error)
    }
  }

  private func mayRetry() -> Bool {
    let now = timing.now()
    return state.withLock { state in
      guard state.budget.spend(at: now) else { return false }
      state.retried &+= 1
      return true
    }
  }
}

extension DependencyGuard {
  /// How long a call made now would be refused for certain: zero when it would be let through or
  /// at least tried, nil when only an operator can change that.
  package func wait() -> Duration? {
    let now = timing.now()
    return switch breaker.snapshot(at: now).state {
    case .closed, .halfOpen, .forcedClosed, .disabled: .zero
    case .open(let until, _): .nanoseconds(max(0, until.nanoseconds(since: now)))
    case .forcedOpen: nil
    }
  }

  /// Whether calls pass without being on trial.
  package var isClosed: Bool {
    switch breaker.snapshot(at: timing.now()).state {
    case .closed, .forcedClosed, .disabled: true
    case .open, .halfOpen, .forcedOpen: false
    }
  }

  /// Whether how much is called says how much there is to do: calls pass, or could long have been
  /// tried again. A breaker that nobody calls does not close, however long ago it opened.
  package var isWell: Bool {
    let now = timing.now()
    let snapshot = breaker.snapshot(at: now)
    switch snapshot.state {
    case .closed, .forcedClosed, .disabled: return true
    case .forcedOpen: return false
    case .open(let until, _): return until.advanced(by: Self.quietTime) <= now
    case .halfOpen:
      guard snapshot.liveProbes == 0, let since = snapshot.lastTransition?.at else { return false }
      return since.advanced(by: Self.quietTime) <= now
    }
  }

  /// Whoever has something to call for comes within so long after the open wait.
  private static let quietTime = Duration.seconds(30)

  /// A call that takes longer is slow, by the policy of this moment; nil: none is.
  package var slowCall: Duration? { state.withLock { $0.policy.breaker.slowCalls?.duration } }

  /// What an operator asks of the breaker.
  package func operate(_ command: BreakerCommand) {
    breaker.operate(command, at: timing.now())
  }

  /// Another policy from now on, all of it or, when it is not valid, nothing. See
  /// `BreakerMachine.replace` and `BulkheadQueue.replace` for calls under way.
  package func replace(policy: DependencyPolicy) throws(PolicyError) {
    try policy.validate()
    try replacing.withLock { (_) throws(PolicyError) in try replaceWhole(policy) }
  }

  private func replaceWhole(_ policy: DependencyPolicy) throws(PolicyError) {
    let now = timing.now()
    let budget = try RetryBudget(policy.retry, at: now)
    let before = state.withLock { state in
      let before = state.policy
      state.policy = policy
      if before.retry != policy.retry { state.budget = budget }
      return before
    }
    // What did not change is not touched: a breaker forgets its window when it is given a policy.
    if before.breaker != policy.breaker { try breaker.replace(policy: policy.breaker, at: now) }
    if before.bulkhead != policy.bulkhead { try bulkhead.replace(limits: policy.bulkhead) }
  }

  package func snapshot() -> DependencySnapshot {
    let now = timing.now()
    let breaker = breaker.snapshot(at: now)
    let (inside, queued) = (bulkhead.inside, bulkhead.queued)
    return state.withLock { state in
      DependencySnapshot(
        at: now, policy: state.policy, breaker: breaker, inside: inside, queued: queued,
        turnedAway: state.turnedAway, retried: state.retried)
    }
  }
}
