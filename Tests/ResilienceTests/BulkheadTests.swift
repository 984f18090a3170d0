import Resilience
import Synchronization
import Testing

@Suite struct BulkheadTests {
  private let now = Sample.second(0)
  private let later = Sample.second(9)

  @Test func soManyAreInsideAndSoManyWaitAndTheRestIsTurnedAway() throws {
    var queue = try BulkheadQueue(.init(concurrent: 2, queued: 1))
    #expect(queue.ask(at: now, until: later) == .admitted)
    #expect(queue.ask(at: now, until: later) == .admitted)
    guard case .queued(let waiter) = queue.ask(at: now, until: later) else { throw Refused() }
    #expect(queue.ask(at: now, until: later) == .rejected(.full))
    let outcome = queue.leave(at: now)
    #expect(outcome.admitted == [waiter] && outcome.expired.isEmpty)
    #expect(queue.inside == 2 && queue.queued == 0)
  }

  @Test func whoseDeadlineHasPassedIsNeverLetIn() throws {
    var queue = try BulkheadQueue(.init(concurrent: 1, queued: 3))
    #expect(queue.ask(at: now, until: now) == .rejected(.deadlineExceeded))
    #expect(queue.ask(at: now, until: later) == .admitted)
    guard case .queued(let hasty) = queue.ask(at: now, until: Sample.second(1)),
      case .queued(let patient) = queue.ask(at: now, until: later)
    else { throw Refused() }
    let outcome = queue.leave(at: Sample.second(1))
    #expect(outcome.expired == [hasty])
    #expect(outcome.admitted == [patient])
  }

  @Test func whoGivesUpFreesTheirPlaceInTheQueue() throws {
    var queue = try BulkheadQueue(.init(concurrent: 1, queued: 1))
    _ = queue.ask(at: now, until: later)
    guard case .queued(let waiter) = queue.ask(at: now, until: later) else { throw Refused() }
    let gaveUp = [queue.cancel(waiter), queue.cancel(waiter)]
    #expect(gaveUp == [true, false])
    #expect(queue.leave(at: now).admitted.isEmpty)
    #expect(queue.inside == 0)
  }

  @Test func otherLimitsLetInAndSendAwayAtOnce() throws {
    var queue = try BulkheadQueue(.init(concurrent: 1, queued: 3))
    _ = queue.ask(at: now, until: later)
    var waiters: [BulkheadQueue.Waiter] = []
    for _ in 0..<3 {
      guard case .queued(let waiter) = queue.ask(at: now, until: later) else { throw Refused() }
      waiters.append(waiter)
    }
    let outcome = try queue.replace(limits: .init(concurrent: 2, queued: 1), at: now)
    #expect(outcome.admitted == [waiters[0]])
    #expect(outcome.expired == [waiters[2]])
    let error = #expect(throws: PolicyError.self) {
      try queue.replace(limits: .init(concurrent: 0, queued: 1), at: now)
    }
    #expect(error?.field == "bulkhead.concurrent")
  }

  @Test func noMoreTasksThanAllowedAreEverInsideAndNobodyIsForgotten() async throws {
    let now = now
    let bulkhead = try Bulkhead(
      .init(concurrent: 3, queued: 1_000),
      timing: .init(now: { now }, wait: Self.never))
    let most = Peak()
    let done = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<500 {
        group.addTask {
          guard let permit = try? await bulkhead.permit(until: Sample.second(1)) else {
            return false
          }
          most.see(bulkhead.inside)
          await Task.yield()
          _ = consume permit
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(done == 500)
    #expect(most.value <= 3)
    #expect(bulkhead.inside == 0 && bulkhead.queued == 0)
  }

  @Test func aTaskThatWaitsLeavesAtItsDeadline() async throws {
    // The clock stands at the deadline as soon as somebody waits for it.
    let clock = Mutex(now)
    let bulkhead = try Bulkhead(
      .init(concurrent: 1, queued: 1),
      timing: .init(
        now: { clock.withLock { $0 } },
        wait: { instant in clock.withLock { $0 = instant } }))
    let kept = try await bulkhead.permit(until: later)
    await #expect(throws: BulkheadRejection.deadlineExceeded) {
      _ = try await bulkhead.permit(until: Sample.second(1))
    }
    #expect(bulkhead.inside == 1 && bulkhead.queued == 0)
    _ = consume kept
    #expect(bulkhead.inside == 0)
  }

  @Test func aTaskThatIsCancelledWhileItWaitsLeavesNothingBehind() async throws {
    let now = now
    let bulkhead = try Bulkhead(
      .init(concurrent: 1, queued: 1), timing: .init(now: { now }, wait: Self.never))
    let kept = try await bulkhead.permit(until: later)
    for yields in 0..<50 {
      let task = Task {
        _ = try await bulkhead.permit(until: Sample.second(1))
      }
      for _ in 0..<yields { await Task.yield() }
      task.cancel()
      await #expect(throws: BulkheadRejection.cancelled) { try await task.value }
    }
    #expect(bulkhead.inside == 1 && bulkhead.queued == 0)
    _ = consume kept
  }

  /// A deadline that does not come; ends when it is cancelled.
  private static let never: @Sendable (MonotonicInstant) async throws -> Void = { _ in
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    continuation.finish()
    try Task.checkCancellation()
  }
}

/// The most that was seen.
private final class Peak: Sendable {
  private let most = Mutex(0)

  var value: Int { most.withLock { $0 } }
  func see(_ count: Int) { most.withLock { $0 = max($0, count) } }
}
