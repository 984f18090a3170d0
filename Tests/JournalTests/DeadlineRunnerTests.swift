import Journal
import JournalContract
import Synchronization
import Testing

@Suite("The deadline runner", .timeLimit(.minutes(1)))
struct DeadlineRunnerTests {
  private let journal = memoryJournal("order")
  private let clock = ManualClock()

  private func set(_ id: String, after delay: Duration) async throws -> Deadline {
    let deadline = Deadline(
      key: DeadlineKey(stream: order(id), kind: "answer"),
      dueAt: clock.now.advanced(by: delay), owner: "store")
    _ = try await journal.append(Append(deadlines: [.set(deadline)]))
    return deadline
  }

  private func run(
    _ handle: @escaping @Sendable (Deadline) async throws(DeadlineFailure) -> Void = { _ in },
    _ body: (Noted<String>) async throws -> Void
  ) async throws {
    let fired = Noted<String>()
    let runner = DeadlineRunner(journal, clock: clock.clock) {
      (deadline: Deadline) async throws(DeadlineFailure) in
      try await handle(deadline)
      fired.add(deadline.key.stream.id)
    }
    try await running {
      await runner.run()
    } _: {
      try await body(fired)
    }
  }

  /// Moves time in small steps until the condition holds.
  private func pass(until condition: () async throws -> Bool) async rethrows {
    while try await !condition(), !Task.isCancelled {
      clock.advance(by: .milliseconds(100))
      for _ in 0..<20 { await Task.yield() }
    }
  }

  @Test("fires what is due, in order, and clears what its handler left")
  func fires() async throws {
    _ = try await set("b", after: .seconds(20))
    _ = try await set("a", after: .seconds(10))
    _ = try await set("overdue", after: .seconds(-5))
    try await run { fired in
      await until { fired.all == ["overdue"] }
      await pass { fired.all.count == 3 }
      #expect(fired.all == ["overdue", "a", "b"])
      try await until { try await journal.nextDeadline() == nil }
    }
  }

  @Test("wakes up for a deadline set earlier than the one it sleeps for")
  func earlier() async throws {
    _ = try await set("late", after: .seconds(1000))
    try await run { fired in
      await until { clock.sleeperCount > 0 }
      _ = try await set("early", after: .milliseconds(50))
      // Not a tick of the clock before it is due, and no wait for the long sleep.
      await until { clock.sleeperCount > 0 }
      var passed = Duration.zero
      while fired.all.isEmpty, !Task.isCancelled {
        for _ in 0..<50 { await Task.yield() }
        clock.advance(by: .milliseconds(10))
        passed += .milliseconds(10)
      }
      #expect(fired.all == ["early"])
      #expect(passed < .seconds(5))
    }
  }

  @Test("tries a failed one again later, and holds up nobody meanwhile")
  func failing() async throws {
    let failures = Counter(3)
    let (clock, start) = (clock, clock.now.milliseconds)
    let attemptsMs = Mutex<[Int64]>([])
    _ = try await set("bad", after: .zero)
    _ = try await set("good", after: .milliseconds(10))
    try await run {
      (deadline) async throws(DeadlineFailure) in
      guard deadline.key.stream.id == "bad" else { return }
      attemptsMs.withLock { $0.append(clock.now.milliseconds - start) }
      if failures.countDown() { throw DeadlineFailure("not now") }
    } _: { fired in
      // The runner sleeps until something is due. A failure cuts that short, and it sleeps again.
      await until { clock.sleepCount == 2 }
      clock.advance(by: .milliseconds(10))
      await until { clock.sleepCount == 3 && fired.all == ["good"] }
      clock.advance(by: .milliseconds(90))
      await until { clock.sleepCount == 5 }
      clock.advance(by: .milliseconds(200))
      await until { clock.sleepCount == 7 }
      // A little before its time nothing happens.
      clock.advance(by: .milliseconds(399))
      for _ in 0..<100 { await Task.yield() }
      clock.advance(by: .milliseconds(1))
      await until { fired.all.count == 2 }
      #expect(fired.all == ["good", "bad"])
      try await until { try await journal.nextDeadline() == nil }
    }
    let made = attemptsMs.withLock { $0 }
    // 100 ms after the first, and twice as long after each.
    #expect(made == [0, 100, 300, 700])
  }

  @Test("forgets a failed one that was cleared by others: it does not wake up for it")
  func cleared() async throws {
    let journal = journal
    _ = try await set("a", after: .zero)
    try await run {
      (deadline) async throws(DeadlineFailure) in
      do throws(JournalError) {
        _ = try await journal.append(Append(deadlines: [.clear(deadline.key)]))
      } catch { throw DeadlineFailure("\(error)") }
      throw DeadlineFailure("not now")
    } _: { _ in
      // With nothing in sight it sleeps for long, and after the failure once more.
      await until { clock.sleepCount == 2 }
      clock.advance(by: .seconds(5))
      for _ in 0..<200 { await Task.yield() }
      #expect(clock.sleepCount == 2)
    }
  }

  @Test("leaves a deadline alone that its handler has set anew")
  func setAnew() async throws {
    let first = try await set("a", after: .zero)
    var later = first
    later.dueAt = first.dueAt.advanced(by: .seconds(500))
    let next = later
    let journal = journal
    try await run { (_) async throws(DeadlineFailure) in
      do throws(JournalError) {
        _ = try await journal.append(Append(deadlines: [.set(next)]))
      } catch {
        throw DeadlineFailure("\(error)")
      }
    } _: { fired in
      await until { fired.all == ["a"] }
      for _ in 0..<100 { await Task.yield() }
      let left = try await journal.nextDeadline()
      #expect(left == next)
    }
  }

  final class Counter: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }
    func countDown() -> Bool {
      left.withLock { left in
        left -= 1
        return left >= 0
      }
    }
  }
}
