import Journal
import JournalContract
import Synchronization
import Testing

@Suite("A subscription", .timeLimit(.minutes(1)))
struct SubscriptionTests {
  /// Adds each event's number to the tally of its stream's id, as a command that takes the event.
  final class Adder: Subscriber {
    let name = "tally.from-order"
    let interest: EventInterest
    let replica: TallyReplica
    let seen = Mutex<[String]>([])
    let faults: Mutex<[String: [DeliveryFailure]]>

    init(
      _ replica: TallyReplica, interest: EventInterest = .all,
      faults: [String: [DeliveryFailure]] = [:]
    ) {
      self.replica = replica
      self.interest = interest
      self.faults = Mutex(faults)
    }

    func handle(_ delivery: Delivery) async throws(DeliveryFailure) {
      let text = "\(delivery.event.stream.id):\(delivery.event.text)"
      let fault = faults.withLock { faults -> DeliveryFailure? in
        guard let fault = faults[text]?.first else { return nil }
        if faults[text]?.count ?? 0 > 1 { faults[text]?.removeFirst() }
        return fault
      }
      if let fault { throw fault }
      guard let number = Int(delivery.event.text) else { throw .poison("not a number") }
      do {
        _ = try await replica.add(
          number, to: delivery.event.stream.id, taking: delivery.position)
      } catch { throw .unavailable("\(error)") }
      seen.withLock { $0.append(text) }
    }

    func heal() { faults.withLock { $0 = [:] } }
    var handled: [String] { seen.withLock { $0 } }
  }

  private let source = memoryJournal("order")
  private let destination = memoryJournal("tally")

  private func subscription(
    _ adder: Adder, clock: JournalClock = eagerClock(),
    _ change: (inout SubscriptionOptions) -> Void = { _ in }
  ) -> Subscription<MemoryJournal, MemoryJournal, Adder> {
    var options = SubscriptionOptions()
    change(&options)
    return Subscription(
      from: source, to: destination, subscriber: adder, options: options, clock: clock)
  }

  private func fill(_ streams: Int, _ numbers: [Int]) async throws {
    for stream in 0..<streams {
      for (version, number) in numbers.enumerated() {
        _ = try await source.append(
          append(["\(number)"], to: order("\(stream)"), at: StreamVersion(Int64(version))))
      }
    }
  }

  private func tally(_ id: String) async throws -> Int {
    try await TallyReplica(destination).value(of: id)
  }

  @Test("hands every event to its subscriber, in order per order")
  func inOrder() async throws {
    try await fill(20, [1, 2, 3])
    let adder = Adder(TallyReplica(destination))
    try await running(subscription(adder).run) {
      await until { adder.handled.count == 60 }
      _ = try await source.append(append(["4"], to: order("7"), at: 3))
      await until { adder.handled.count == 61 }
    }
    for stream in 0..<20 {
      let own = adder.handled.filter { $0.hasPrefix("\(stream):") }
      #expect(own == [1, 2, 3].map { "\(stream):\($0)" } + (stream == 7 ? ["7:4"] : []))
    }
  }

  @Test("has each effect once, however often either side crashes and starts again")
  func exactlyOnce() async throws {
    let destination = memoryJournal("tally") { $0.flush = .after { await Task.yield() } }
    try await fill(10, Array(1...10))
    var isDone = false
    for round in 0..<200 where !isDone {
      let adder = Adder(TallyReplica(destination))
      let subscription = Subscription(
        from: source, to: destination, subscriber: adder, clock: eagerClock())
      isDone = try await running(subscription.run) {
        // Each life is cut off after a while, with handlers under way.
        var behind: Int64 = 1
        try await until {
          behind = try await subscription.lag().events
          return adder.handled.count > round % 17 || behind == 0
        }
        destination.crash()
        return behind == 0
      }
    }
    #expect(isDone)
    for stream in 0..<10 {
      let events = try await destination.load(StreamKey(category: "tally", id: "\(stream)")).events
      #expect(events.map(\.text) == (1...10).map { "\($0)" })
    }
  }

  @Test("goes on from its stored cursor, and stores it when it is stopped")
  func cursor() async throws {
    try await fill(4, [1, 2])
    let first = Adder(TallyReplica(destination))
    try await running(subscription(first).run) { await until { first.handled.count == 8 } }
    let heads = try await source.heads()
    let cursors = try await destination.cursors(of: "tally.from-order")
    #expect(cursors.reduce(0) { $0 + $1.position.value } == heads.reduce(0) { $0 + $1.value })
    let second = Adder(TallyReplica(destination))
    _ = try await source.append(append(["3"], to: order("0"), at: 2))
    try await running(subscription(second).run) { await until { second.handled.count == 1 } }
    #expect(second.handled == ["0:3"])
  }

  @Test("moves its cursor over what does not interest it")
  func interest() async throws {
    try await fill(4, [1])
    let adder = Adder(TallyReplica(destination), interest: .types(["baedal.other"]))
    try await running(subscription(adder).run) {
      try await until {
        try await destination.cursors(of: "tally.from-order").reduce(0) { $0 + $1.position.value }
          == 4
      }
    }
    #expect(adder.handled.isEmpty)
  }

  @Test("stops loudly when its cursor is of another history, or beyond the head")
  func loud() async throws {
    let name = "tally.from-order"
    let cases: [(Cursor, SubscriptionError)] = [
      (
        Cursor(subscriber: name, partition: 0, position: 0, epoch: JournalEpoch("gone")),
        .otherEpoch(0, cursor: JournalEpoch("gone"), source: source.epoch)
      ),
      (
        Cursor(subscriber: name, partition: 1, position: 5, epoch: source.epoch),
        .cursorBeyondHead(1, cursor: 5, head: 0)
      ),
      (
        Cursor(subscriber: name, partition: 9, position: 0, epoch: source.epoch),
        .partitionCount(cursor: 9, source: 4)
      ),
    ]
    for (cursor, wanted) in cases {
      let destination = memoryJournal("tally")
      _ = try await destination.append(Append(cursors: [cursor]))
      let adder = Adder(TallyReplica(destination))
      let subscription = Subscription(
        from: source, to: destination, subscriber: adder, clock: eagerClock())
      await #expect(throws: wanted) { try await subscription.run() }
    }
  }

  @Test("parks a poison event and what stands behind it, and holds nobody else up")
  func poison() async throws {
    try await fill(6, [1])
    _ = try await source.append(append(["bad", "2", "3"], to: order("0"), at: 1))
    let other = otherID(onPartitionOf: "0")
    _ = try await source.append(append(["5"], to: order(other), at: 0))
    let adder = Adder(TallyReplica(destination))
    let subscription = subscription(adder)
    try await running(subscription.run) {
      try await until { try await parkedCount() == 3 && adder.handled.count == 7 }
      #expect(try await tally(other) == 5)
      let parked = try await destination.parked(for: "tally.from-order", after: nil, limit: 10)
      #expect(parked.map(\.stream) == [order("0"), order("0"), order("0")])
      #expect(parked.map(\.reason).first == "not a number")
      #expect(parked.map(\.attempts) == [1, 0, 0])
      // The cursor has passed them, and lag says so.
      try await until { try await subscription.lag().events == 0 }
      // Later ones wait behind, also after a restart.
      _ = try await source.append(append(["4"], to: order("0"), at: 4))
      try await until { try await parkedCount() == 4 }
    }
    let again = Adder(TallyReplica(destination))
    try await running(self.subscription(again).run) {
      _ = try await source.append(append(["5"], to: order("0"), at: 5))
      try await until { try await parkedCount() == 5 }
    }
    #expect(again.handled.isEmpty)
    #expect(try await tally("0") == 1)
  }

  @Test("parks no more keys than may be parked: the next poison event waits for room")
  func parkingIsFull() async throws {
    for id in ["0", "1"] { _ = try await source.append(append(["bad"], to: order(id))) }
    _ = try await source.append(append(["5"], to: order("2")))
    var options = SubscriptionOptions()
    options.parkedKeysMax = 1
    let adder = Adder(TallyReplica(destination))
    let isFull = Atomic<Bool>(false)
    let subscription = Subscription(
      from: source, to: destination, subscriber: adder, options: options, clock: eagerClock()
    ) { notice in
      if case .waiting(_, .overloaded) = notice { isFull.store(true, ordering: .relaxed) }
    }
    try await running(subscription.run) {
      try await until {
        try await parkedCount() == 1 && isFull.load(ordering: .relaxed)
          && adder.handled.contains("2:5")
      }
      #expect(!subscription.hasCaughtUp)
      let parked = try await destination.parked(for: nil, after: nil, limit: 10)
      for row in parked {
        // Its own cursor has passed it, for nobody else of its partition waits.
        await until { (try? await subscription.discardParked(row.key, by: "o")) != nil }
      }
      try await until { try await subscription.lag().events == 0 }
      #expect(try await parkedCount() == 1)
      #expect(subscription.hasCaughtUp)
    }
  }

  @Test("parks an event whose row is damaged and what stands behind it, and holds nobody else up")
  func damaged() async throws {
    let other = otherID(onPartitionOf: "0")
    _ = try await source.append(append(["1", "2", "3"], to: order("0")))
    _ = try await source.append(append(["5"], to: order(other)))
    source.damage(Partition.holding(id: "0", of: 4), 2)
    let adder = Adder(TallyReplica(destination))
    let subscription = subscription(adder)
    try await running(subscription.run) {
      try await until { try await parkedCount() == 2 && adder.handled.count == 2 }
      try await until { try await subscription.lag().events == 0 }
    }
    #expect(adder.handled.sorted() == ["0:1", "\(other):5"])
    let parked = try await destination.parked(for: "tally.from-order", after: nil, limit: 10)
    #expect(parked.map(\.stream) == [order("0"), order("0")])
    #expect(parked.first?.reason.contains("checksum") == true)
    // Still damaged: it stays. Mended, it is replayed like any other.
    try await running(self.subscription(adder).run) {
      source.damage(Partition.holding(id: "0", of: 4), 2)
      _ = try await source.append(append(["7"], to: order(other), at: 1))
      await until { adder.handled.count == 3 }
    }
    let again = self.subscription(adder)
    try await running(again.run) {
      _ = try await source.append(append(["9"], to: order(other), at: 2))
      await until { adder.handled.count == 4 }
      #expect(try await again.replayParked(orderingKey: "0") == .released(replayed: 2))
    }
    #expect(try await tally("0") == 6)
  }

  @Test("replays what is parked, in order, once it can be handled, and then goes on")
  func replay() async throws {
    _ = try await source.append(append(["1", "2", "3"], to: order("0")))
    let adder = Adder(
      TallyReplica(destination), faults: ["0:1": [.failed("not yet")]])
    let subscription = subscription(adder)
    try await running(subscription.run) {
      try await until { try await parkedCount() == 3 }
      // Still broken: it stays, and the attempts are counted.
      let stopped = try await subscription.replayParked(orderingKey: "0")
      guard case .stopped(let event, replayed: 0) = stopped else {
        Issue.record("\(stopped)")
        return
      }
      #expect(event.attempts == 6)
      adder.heal()
      #expect(try await subscription.replayParked(orderingKey: "0") == .released(replayed: 3))
      #expect(try await subscription.replayParked(orderingKey: "0") == .nothingParked)
      _ = try await source.append(append(["4"], to: order("0"), at: 3))
      await until { adder.handled.count == 4 }
    }
    #expect(adder.handled == ["0:1", "0:2", "0:3", "0:4"])
    #expect(try await parkedCount() == 0)
    #expect(try await tally("0") == 10)
  }

  @Test("discards a parked event for good; those behind it are replayed without it")
  func discard() async throws {
    _ = try await source.append(append(["bad", "2"], to: order("0")))
    let adder = Adder(TallyReplica(destination))
    let subscription = subscription(adder)
    try await running(subscription.run) {
      try await until { try await parkedCount() == 2 }
      try await until { try await subscription.lag().events == 0 }
      let first = try await destination.parked(for: nil, after: nil, limit: 1)
      for event in first {
        try await subscription.discardParked(event.key, by: "operator/o-1")
      }
      let kept = try await destination.parked(
        for: ParkedKey.discarded(by: "tally.from-order"), after: nil, limit: 10)
      #expect(kept.map(\.reason) == ["discarded by operator/o-1: not a number"])
      #expect(try await subscription.replayParked(orderingKey: "0") == .released(replayed: 1))
    }
    let again = Adder(TallyReplica(destination))
    try await running(self.subscription(again).run) {
      _ = try await source.append(append(["3"], to: order("0"), at: 2))
      await until { again.handled.count == 1 }
    }
    #expect(try await parkedCount() == 0)
    #expect(try await tally("0") == 5)
  }

  @Test("what is away is tried again as long as it takes, and blocks only its own order")
  func unavailable() async throws {
    let clock = ManualClock()
    let other = otherID(onPartitionOf: "0")
    _ = try await source.append(append(["1", "2"], to: order("0")))
    _ = try await source.append(append(["7"], to: order(other)))
    let adder = Adder(TallyReplica(destination), faults: ["0:1": [.unavailable("away")]])
    let subscription = subscription(adder, clock: clock.clock)
    try await running(subscription.run) {
      await until { adder.handled == ["\(other):7"] }
      for _ in 0..<50 {
        await until { clock.sleeperCount > 0 }
        clock.advance(by: .seconds(10))
        await Task.yield()
      }
      let lag = try await subscription.lag()
      #expect(lag.oldest >= .seconds(400))
      #expect(try await parkedCount() == 0)
      adder.heal()
      await until {
        clock.advance(by: .seconds(10))
        return adder.handled.count == 3
      }
    }
    #expect(adder.handled == ["\(other):7", "0:1", "0:2"])
  }

  @Test("notices a hole in its source and asks again until it is filled")
  func hole() async throws {
    let source = HoleySource(source)
    try await fill(1, [1, 2, 3])
    source.hide(position: 2)
    let adder = Adder(TallyReplica(destination))
    let holes = Mutex(0)
    let subscription = Subscription(
      from: source, to: destination, subscriber: adder, clock: eagerClock()
    ) { notice in
      if case .hole = notice { holes.withLock { $0 += 1 } }
    }
    try await running(subscription.run) {
      await until { holes.withLock { $0 } > 3 && !adder.handled.isEmpty }
      #expect(adder.handled == ["0:1"])
      source.hide(position: nil)
      await until { adder.handled.count == 3 }
    }
    #expect(adder.handled == ["0:1", "0:2", "0:3"])
  }

  private func parkedCount() async throws -> Int {
    try await destination.parked(for: "tally.from-order", after: nil, limit: 100).count
  }

  private func otherID(onPartitionOf id: String) -> String {
    let wanted = Partition.holding(id: id, of: 4)
    return (100..<1000).map { "\($0)" }.first { Partition.holding(id: $0, of: 4) == wanted } ?? "x"
  }
}

/// A carrier that loses a message.
final class HoleySource: EventSource {
  private let journal: MemoryJournal
  private let hidden = Mutex<Position?>(nil)

  init(_ journal: MemoryJournal) { self.journal = journal }

  func hide(position: Position?) { hidden.withLock { $0 = position } }

  var name: String { journal.name }
  var partitionCount: Int { journal.partitionCount }

  nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    try await journal.status()
  }

  nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    let hidden = self.hidden.withLock { $0 }
    return try await journal.read(partition: partition, after: position, limit: limit)
      .filter { $0.position != hidden }
  }

  nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await journal.waitForChange(after: heads)
  }
}
