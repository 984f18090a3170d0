import Synchronization

/// Bounds how many calls of one dependency are under way, and how many wait for their turn: a slow
/// dependency fills this, and nothing else.
package final class Bulkhead: Sendable {
  /// The monotonic clock and the way to wait for an instant of it; both are handed in.
  package struct Timing: Sendable {
    package var now: @Sendable () -> MonotonicInstant
    /// Returns at that instant or later; throws when its task is cancelled.
    package var wait: @Sendable (MonotonicInstant) async throws -> Void

    package init(
      now: @escaping @Sendable () -> MonotonicInstant,
      wait: @escaping @Sendable (MonotonicInstant) async throws -> Void
    ) {
      self.now = now
      self.wait = wait
    }
  }

  private typealias Admission = Result<Void, BulkheadRejection>

  private struct State {
    var queue: BulkheadQueue
    /// One for each waiter of the queue, and no other.
    var continuations: [BulkheadQueue.Waiter: CheckedContinuation<Admission, Never>] = [:]
  }

  private let state: Mutex<State>
  private let timing: Timing

  package init(_ limits: BulkheadQueue.Limits, timing: Timing) throws(PolicyError) {
    state = Mutex(State(queue: try BulkheadQueue(limits)))
    self.timing = timing
  }

  /// Calls inside.
  package var inside: Int { state.withLock { $0.queue.inside } }
  /// Calls waiting.
  package var queued: Int { state.withLock { $0.queue.queued } }

  /// A place inside, at once or when its turn comes before `deadline`. The place is free again
  /// when the permit goes out of scope. Runs where the caller runs.
  package nonisolated(nonsending) func permit(
    until deadline: MonotonicInstant
  ) async throws(BulkheadRejection) -> BulkheadPermit {
    guard !Task.isCancelled else { throw .cancelled }
    if let decided = decideAtOnce(deadline) {
      try decided.get()
      return BulkheadPermit(self)
    }
    // The waiting itself and its deadline; whichever ends first ends the other.
    let timing = timing
    let admission = await withTaskGroup(of: Admission?.self) { group in
      group.addTask { await self.wait(until: deadline) }
      group.addTask {
        // Cancelled: the waiting has ended, and nothing is left to do.
        if (try? await timing.wait(deadline)) != nil { self.expire() }
        return nil
      }
      var admission = Admission.failure(.cancelled)
      for await result in group {
        guard let result else { continue }
        admission = result
        group.cancelAll()
      }
      return admission
    }
    try admission.get()
    return BulkheadPermit(self)
  }

  /// Sends away those whose deadline has passed.
  package func expire() {
    let now = timing.now()
    resume { $0.expire(at: now) }
  }

  /// See `BulkheadQueue.replace`.
  package func replace(limits: BulkheadQueue.Limits) throws(PolicyError) {
    try limits.validate()
    let now = timing.now()
    // It was validated above, which is all that can be refused.
    resume { (try? $0.replace(limits: limits, at: now)) ?? BulkheadQueue.Outcome() }
  }

  fileprivate func leave() {
    let now = timing.now()
    resume { $0.leave(at: now) }
  }

  /// nil: there is no place now, but one to wait.
  private func decideAtOnce(_ deadline: MonotonicInstant) -> Admission? {
    let now = timing.now()
    resume { $0.expire(at: now) }
    return state.withLock { state in
      // Waiting begins in `wait`, where there is something to resume.
      if state.queue.inside >= state.queue.limits.concurrent || state.queue.queued > 0,
        state.queue.queued < state.queue.limits.queued, deadline > now
      {
        return nil
      }
      switch state.queue.ask(at: now, until: deadline) {
      case .admitted: return .success(())
      case .rejected(let rejection): return .failure(rejection)
      case .queued(let waiter):
        _ = state.queue.cancel(waiter)
        return nil
      }
    }
  }

  private func wait(until deadline: MonotonicInstant) async -> Admission {
    let waiting = Mutex<BulkheadQueue.Waiter?>(nil)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = timing.now()
        let decided: Admission? = state.withLock { state in
          switch state.queue.ask(at: now, until: deadline) {
          case .admitted: return .success(())
          case .rejected(let rejection): return .failure(rejection)
          case .queued(let waiter):
            state.continuations[waiter] = continuation
            waiting.withLock { $0 = waiter }
            return nil
          }
        }
        if let decided {
          continuation.resume(returning: decided)
        } else if Task.isCancelled {
          // The handler below may have run before there was a waiter to cancel.
          cancel(waiting.withLock { $0 })
        }
      }
    } onCancel: {
      cancel(waiting.withLock { $0 })
    }
  }

  private func cancel(_ waiter: BulkheadQueue.Waiter?) {
    guard let waiter else { return }
    let continuation = state.withLock { state in
      state.queue.cancel(waiter) ? state.continuations.removeValue(forKey: waiter) : nil
    }
    continuation?.resume(returning: .failure(.cancelled))
  }

  /// Changes the queue, and then, without the lock, tells those whom it concerns.
  private func resume(_ change: (inout BulkheadQueue) -> BulkheadQueue.Outcome) {
    let calls = state.withLock { state in
      let outcome = change(&state.queue)
      let admitted = outcome.admitted.map { (Admission.success(()), $0) }
      let expired = outcome.expired.map { (Admission.failure(.deadlineExceeded), $0) }
      return (admitted + expired).compactMap { result, waiter in
        state.continuations.removeValue(forKey: waiter).map { ($0, result) }
      }
    }
    for (continuation, result) in calls { continuation.resume(returning: result) }
  }
}

/// A place inside a bulkhead, which lives once and is free again when it goes out of scope.
package struct BulkheadPermit: ~Copyable, Sendable {
  private let bulkhead: Bulkhead

  fileprivate init(_ bulkhead: Bulkhead) { self.bulkhead = bulkhead }

  deinit { bulkhead.leave() }
}
