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
    // How many each task saw inside; 0 if it was turned away.
    let seen = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<500 {
        group.addTask {
          guard let place = try? await Self.enter(bulkhead) else { return 0 }
          let inside = bulkhead.inside
          await Task.yield()
          place.leave()
          return inside
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(seen.count == 500 && seen.allSatisfy { (1...3).contains($0) })
    #expect(bulkhead.inside == 0 && bulkhead.queued == 0)
  }

  @Test func aTaskThatWaitsLeavesAtItsDeadline() async throws {
    // The clock stands at the deadline as soon as somebody waits for it.
    let clock = Clock()
    let bulkhead = try Bulkhead(
      .init(concurrent: 1, queued: 1), timing: .init(now: { clock.now }, wait: clock.jump))
    let kept = try await Self.enter(bulkhead, until: later)
    let rejection = await Self.rejection(bulkhead)
    #expect(rejection == .deadlineExceeded)
    #expect(bulkhead.inside == 1 && bulkhead.queued == 0)
    kept.leave()
    #expect(bulkhead.inside == 0)
  }

  @Test func aTaskThatIsCancelledWhileItWaitsLeavesNothingBehind() async throws {
    let now = now
    let bulkhead = try Bulkhead(
      .init(concurrent: 1, queued: 1), timing: .init(now: { now }, wait: Self.never))
    let kept = try await Self.enter(bulkhead, until: later)
    for yields in 0..<50 {
      let task = Task { await Self.rejection(bulkhead) }
      for _ in 0..<yields { await Task.yield() }
      task.cancel()
      let rejection = await task.value
      #expect(rejection == .cancelled)
    }
    #expect(bulkhead.inside == 1 && bulkhead.queued == 0)
    kept.leave()
  }

  private final class Clock: Sendable {
    private let instant = Mutex(Sample.second(0))
    var now: MonotonicInstant { instant.withLock { $0 } }
    @Sendable func jump(to next: MonotonicInstant) { instant.withLock { $0 = next } }
  }

  /// A permit that tests can hand about.
  private final class Place: Sendable {
    private let permit: Mutex<BulkheadPermit?>
    init(_ permit: consuming sending BulkheadPermit) { self.permit = Mutex(consume permit) }
    func leave() { permit.withLock { $0 = nil } }
  }

  private static func enter(
    _ bulkhead: Bulkhead, until deadline: MonotonicInstant = Sample.second(1)
  ) async throws(BulkheadRejection) -> Place {
    Place(try await bulkhead.permit(until: deadline))
  }

  /// Why one more is not let in; nil if it is.
  private static func rejection(_ bulkhead: Bulkhead) async -> BulkheadRejection? {
    do {
      try await enter(bulkhead).leave()
      return nil
    } catch {
      return error
    }
  }

  /// A deadline that does not come; ends when it is cancelled.
  private static let never: @Sendable (MonotonicInstant) async throws -> Void = { _ in
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    continuation.finish()
    try Task.checkCancellation()
  }
}
