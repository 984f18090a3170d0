import Foundation
import Journal
import JournalSQLite
import Logging
import Resilience
import Synchronization
import Testing

@testable import Node

@Suite("Background work under supervision, over real journals", .timeLimit(.minutes(1)))
struct SupervisionTests {
  private struct Fault: Error {}

  private static var policy: Supervision.Policy {
    var policy = Supervision.Policy()
    policy.restart.initial = .milliseconds(1)
    policy.restart.longest = .milliseconds(5)
    policy.restart.restartsMax = 5
    // Longer than a disk takes; one that takes longer all the same is one stall more.
    policy.stallTimeout = .seconds(1)
    policy.abandonTimeout = .milliseconds(300)
    return policy
  }

  private func supervise(
    _ works: [Background.Work], _ register: WorkRegister,
    until body: @escaping @Sendable () async throws -> Void
  ) async throws {
    let supervision = Supervision(
      works: works, policy: Self.policy, register: register, time: .system,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await supervision.run() }
      group.addTask {
        try await body()
        throw CancellationError()
      }
      defer { group.cancelAll() }
      do { try await group.next() } catch is CancellationError {}
    }
  }

  private func wait(for holds: @Sendable () async throws -> Bool) async throws {
    while !(try await holds()) { try await Task.sleep(for: .milliseconds(5)) }
  }

  @Test("what throws is begun anew, what is too often begun anew ends the node")
  func throwing() async throws {
    let begun = Atomic<Int>(0)
    let work = Background.Work(name: "falls", isRemote: false) { _ in
      begun.add(1, ordering: .relaxed)
      throw Fault()
    }
    let register = WorkRegister()
    await #expect(throws: Supervision.GivenUp.self) {
      try await supervise([work], register) { try await Task.sleep(for: .seconds(50)) }
    }
    #expect(begun.load(ordering: .relaxed) == 6)
    #expect(register.entries.map(\.restarts) == [5])
  }

  @Test("what follows another node is begun anew for ever; two histories that do not fit end it")
  func remote() async throws {
    let begun = Atomic<Int>(0)
    let error = SubscriptionError.partitionCount(cursor: 7, source: 4)
    let remote = Background.Work(name: "remote", isRemote: true) { _ in
      begun.add(1, ordering: .relaxed)
      throw error
    }
    try await supervise([remote], WorkRegister()) {
      while begun.load(ordering: .relaxed) < 20 { try await Task.sleep(for: .milliseconds(5)) }
    }
    let own = Background.Work(name: "own", isRemote: false) { _ in throw error }
    let register = WorkRegister()
    await #expect(throws: Supervision.GivenUp.self) {
      try await supervise([own], register) { try await Task.sleep(for: .seconds(50)) }
    }
    #expect(register.entries.map(\.restarts) == [0])
  }

  @Test("work without anything to do is left alone, however long")
  func idle() async throws {
    let time = PassingTime()
    let idle = Background.Work(name: "idle", isRemote: false) { _ in
      try await Task.sleep(for: .seconds(50))
    }
    // It is seen to hang, once: so somebody looks.
    let hangs = Atomic<Bool>(true)
    let hung = Background.Work(name: "hung", isRemote: false) { pulse in
      if hangs.exchange(false, ordering: .sequentiallyConsistent) { _ = pulse.begin() }
      try await Task.sleep(for: .seconds(50))
    }
    let register = WorkRegister()
    let supervision = Supervision(
      works: [idle, hung], policy: Self.policy, register: register, time: time.time,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await supervision.run() }
      group.addTask {
        while time.passed < Self.policy.stallTimeout * 1000
          || register.entries.contains(where: { $0.name == "hung" && $0.stalls == 0 })
        {
          try await Task.sleep(for: .milliseconds(5))
        }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      do { try await group.next() } catch is CancellationError {}
    }
    #expect(register.entries.map(\.name) == ["idle", "hung"])
    #expect(register.entries.map(\.restarts) == [0, 1])
  }

  @Test("a subscription that hangs is replaced, and each event has its effect once")
  func hanging() async throws {
    try await withJournals { source, destination in
      try await Self.fill(source, events: 200)
      let hangs = Atomic<Bool>(true)
      let works = [
        Self.subscription(source, destination) { event in
          // One event hangs until it is cancelled, the first time it comes.
          if event.position == Position(3), hangs.exchange(false, ordering: .relaxed) {
            try? await Task.sleep(for: .seconds(50))
          }
        }
      ]
      let register = WorkRegister()
      try await supervise(works, register) {
        while try await destination.effects() < 200 || (register.entries.first?.stalls ?? 0) < 1 {
          try await Task.sleep(for: .milliseconds(5))
        }
      }
      #expect(register.entries.allSatisfy { $0.stalls >= 1 })
      #expect(try await destination.effects() == 200)
    }
  }

  @Test("one that does not even end when cancelled is left behind, and cannot do its work again")
  func leftBehind() async throws {
    try await withJournals { source, destination in
      try await Self.fill(source, events: 50)
      let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
      let hangs = Atomic<Bool>(true)
      let works = [
        Self.subscription(source, destination) { event in
          if event.position == Position(2), hangs.exchange(false, ordering: .relaxed) {
            await withCheckedContinuation { held in gate.withLock { $0 = held } }
          }
        }
      ]
      let register = WorkRegister()
      try await supervise(works, register) {
        while try await destination.effects() < 50 || !register.mayHang {
          try await Task.sleep(for: .milliseconds(5))
        }
        // Only now it goes on, with what its replacement has done already.
        gate.withLock { $0?.resume() }
        while register.mayHang { try await Task.sleep(for: .milliseconds(5)) }
      }
      #expect(register.entries.allSatisfy { $0.stalls >= 1 })
      #expect(try await destination.effects() == 50)
    }
  }
}

extension SupervisionTests {
  private func withJournals(
    _ body: (SQLiteJournal, SQLiteJournal) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("baedal-supervision-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func open(_ name: String) async throws -> SQLiteJournal {
      var options = SQLiteJournalOptions(path: "\(folder)/\(name).db", name: name)
      options.partitionCount = 1
      return try await SQLiteJournal.open(
        options, now: NodeClock.journal.now, newEpoch: NodeClock.newEpoch)
    }
    let (source, destination) = (try await open("source"), try await open("destination"))
    try await body(source, destination)
    await source.close()
    await destination.close()
  }

  private static func fill(_ source: SQLiteJournal, events: Int) async throws {
    for number in 0..<events {
      _ = try await source.append(
        Append(
          to: StreamKey(category: "order", id: "o-\(number)"), expecting: .none, [event(number)]))
    }
  }

  private static func event(_ number: Int) -> NewEvent {
    NewEvent(
      id: EventID("e-\(number)-\(UInt64.random(in: 0...UInt64.max))"), type: "test.Happened",
      payload: [1],
      metadata: EventMetadata(correlationID: "c-\(number)", causationID: "c-\(number)"))
  }

  /// Has one event in `destination` for each in `source`, marked as taken in the same append.
  private static func subscription(
    _ source: SQLiteJournal, _ destination: SQLiteJournal,
    before: @escaping @Sendable (RecordedEvent) async -> Void
  ) -> Background.Work {
    struct Effect: Subscriber {
      let destination: SQLiteJournal
      let before: @Sendable (RecordedEvent) async -> Void
      var name: String { "destination.source" }
      var interest: EventInterest { .all }

      func handle(_ delivery: Delivery) async throws(DeliveryFailure) {
        await before(delivery.event)
        do throws(JournalError) {
          let stream = StreamKey(category: "effect", id: delivery.event.stream.id)
          let taken = try await destination.inboxMark(of: stream, from: delivery.position.source)
          guard taken < delivery.position.position else { return }
          _ = try await destination.append(
            Append(
              to: stream, expecting: .none,
              [SupervisionTests.event(Int(delivery.position.position.value))],
              marks: [
                InboxMark(
                  stream: stream, source: delivery.position.source,
                  position: delivery.position.position)
              ]))
        } catch { throw .unavailable("\(error)") }
      }
    }
    let subscription = Subscription(
      from: source, to: destination, subscriber: Effect(destination: destination, before: before),
      clock: NodeClock.journal)
    return Background.Work(name: "effect", isRemote: false) { pulse in
      try await subscription.run(pulse: pulse)
    }
  }
}

extension SQLiteJournal {
  /// Events there are.
  fileprivate func effects() async throws -> Int64 {
    try await status().heads.reduce(0) { $0 + $1.value }
  }
}
