import Journal
import JournalContract
import Synchronization
import Testing

/// How a subscriber knows that it has heard all its source has to say.
@Suite("Whether a source was heard", .timeLimit(.minutes(1)))
struct HearingTests {
  private let source = DistantSource(memoryJournal("order"))
  private let clock = HearingTests.leapingClock()

  /// Sleeping takes no time, and lets the clock go on by as much.
  private static func leapingClock() -> JournalClock {
    let now = Atomic<Int64>(1_000_000)
    return JournalClock(
      now: { WallTime(milliseconds: now.load(ordering: .sequentiallyConsistent)) },
      sleep: { duration in
        now.add(Int64(duration / .milliseconds(1)), ordering: .sequentiallyConsistent)
        await Task.yield()
        try Task.checkCancellation()
      })
  }

  private func following(
    faults: [String: [DeliveryFailure]] = [:],
    _ body: (
      Subscription<DistantSource, MemoryJournal, SubscriptionTests.Adder>, SubscriptionTests.Adder
    ) async throws -> Void
  ) async throws {
    let destination = memoryJournal("tally")
    let adder = SubscriptionTests.Adder(TallyReplica(destination), faults: faults)
    let subscription = Subscription(
      from: source, to: destination, subscriber: adder, clock: clock)
    try await running(subscription.run) { try await body(subscription, adder) }
  }

  private func record(_ text: String, _ id: String, at version: StreamVersion) async throws {
    _ = try await source.journal.append(append([text], to: order(id), at: version))
  }

  @Test("it was once all is dealt with that it had recorded by then")
  func heard() async throws {
    try await record("1", "0", at: 0)
    try await following { subscription, adder in
      await until { await subscription.hasHeard(of: order("0"), until: clock.now()) }
      #expect(adder.handled == ["0:1"])
      // Of what is to come nobody can tell.
      let later = clock.now().advanced(by: .seconds(3600))
      #expect(await subscription.hasHeard(of: order("0"), until: later) == false)
    }
  }

  @Test("it was not before its subscriber runs")
  func notRunning() async throws {
    let destination = memoryJournal("tally")
    let subscription = Subscription(
      from: source, to: destination,
      subscriber: SubscriptionTests.Adder(TallyReplica(destination)), clock: clock)
    #expect(await subscription.hasHeard(of: order("0"), until: clock.now()) == false)
  }

  @Test("it was not while what it recorded is not dealt with; other partitions are heard")
  func behind() async throws {
    let other = try #require(
      (1..<100).map { "\($0)" }.first {
        Partition.holding(id: $0, of: 4) != Partition.holding(id: "0", of: 4)
      })
    try await record("1", "0", at: 0)
    try await record("1", other, at: 0)
    try await following(faults: ["0:1": [.unavailable("away")]]) { subscription, adder in
      await until { await subscription.hasHeard(of: order(other), until: clock.now()) }
      #expect(await subscription.hasHeard(of: order("0"), until: clock.now()) == false)
      #expect(adder.handled == ["\(other):1"])
      adder.heal()
      await until { await subscription.hasHeard(of: order("0"), until: clock.now()) }
      #expect(adder.handled == ["\(other):1", "0:1"])
    }
  }

  @Test("what is set aside was not heard; of other streams it was")
  func setAside() async throws {
    let other = try #require(
      (1..<100).map { "\($0)" }.first {
        Partition.holding(id: $0, of: 4) == Partition.holding(id: "0", of: 4)
      })
    try await record("1", "0", at: 0)
    try await record("1", other, at: 0)
    try await following(faults: ["0:1": [.poison("unreadable")]]) { subscription, adder in
      await until { await subscription.hasHeard(of: order(other), until: clock.now()) }
      #expect(await subscription.hasHeard(of: order("0"), until: clock.now()) == false)
      adder.heal()
      let replayed = try await subscription.replayParked(orderingKey: "0")
      #expect(replayed == .released(replayed: 1))
      #expect(await subscription.hasHeard(of: order("0"), until: clock.now()))
      #expect(adder.handled == ["\(other):1", "0:1"])
    }
  }

  @Test("out of reach it is not heard, though nothing is known to be missing")
  func outOfReach() async throws {
    try await record("1", "0", at: 0)
    try await following { subscription, adder in
      await until { await subscription.hasHeard(of: order("0"), until: clock.now()) }
      source.cut()
      for number in 2...3 {
        try await clock.sleep(.seconds(1))
        #expect(await subscription.hasHeard(of: order("0"), until: clock.now()) == false)
        try await record("\(number)", "0", at: StreamVersion(Int64(number - 1)))
      }
      #expect(adder.handled == ["0:1"])
      source.join()
      await until { await subscription.hasHeard(of: order("0"), until: clock.now()) }
      #expect(adder.handled == ["0:1", "0:2", "0:3"])
    }
  }

  @Test("one that does not answer holds up one of those who want to know, and is asked once")
  func asksOnce() async throws {
    try await following { subscription, _ in
      await until { await subscription.hasHeard(of: order("0"), until: clock.now()) }
      try await clock.sleep(.seconds(1))
      let (questions, time) = (source.questions, clock.now())
      source.hold()
      let answers = Noted<Bool>()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<20 {
          group.addTask {
            answers.add(await subscription.hasHeard(of: order("0"), until: time))
          }
        }
        await until { source.isHeld && answers.all.count == 19 }
        source.release()
      }
      #expect(answers.all == Array(repeating: false, count: 19) + [true])
      #expect(source.questions == questions + 1)
    }
  }
}

/// A journal on another machine, behind a line that can be cut.
private final class DistantSource: EventSource {
  private struct State {
    var isCut = false
    var questions = 0
    var isHolding = false
    var held: CheckedContinuation<Void, Never>?
  }

  let journal: MemoryJournal
  private let state = Mutex(State())

  init(_ journal: MemoryJournal) { self.journal = journal }

  func cut() { state.withLock { $0.isCut = true } }
  func join() { state.withLock { $0.isCut = false } }
  /// Leaves the next question without an answer until `release`.
  func hold() { state.withLock { $0.isHolding = true } }
  func release() {
    let held = state.withLock { state in
      defer { state.held = nil }
      return state.held
    }
    held?.resume()
  }

  var isHeld: Bool { state.withLock { $0.held != nil } }
  /// How often it was asked how far it goes.
  var questions: Int { state.withLock { $0.questions } }

  private func pass() throws(JournalError) {
    if state.withLock({ $0.isCut }) { throw .unavailable("the line is cut") }
  }

  var name: String { journal.name }

  nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    let isHeld = state.withLock { state in
      state.questions += 1
      defer { state.isHolding = false }
      return state.isHolding
    }
    if isHeld { await withCheckedContinuation { held in state.withLock { $0.held = held } } }
    try pass()
    return try await journal.status()
  }

  nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try pass()
    return try await journal.read(partition: partition, after: position, limit: limit)
  }

  nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try pass()
    let heads = try await journal.waitForChange(after: heads)
    try pass()
    return heads
  }
}
