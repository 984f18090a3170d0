import Journal
import JournalContract
import Synchronization
import Testing

@Suite("A projection", .timeLimit(.minutes(1)))
struct ProjectionTests {
  /// A view in memory: texts per order, with its cursors.
  final class Store: ProjectionStore {
    struct State {
      var texts: [String: [String]] = [:]
      var cursors: [Cursor] = []
      var setAside: [String] = []
      var batches = 0
      var fault: ProjectionFailure?
    }
    let state = Mutex(State())
    let restarts = StoreRestarts()

    func cursors(
      of view: String, from source: String
    ) async throws(ProjectionFailure) -> [Cursor] { state.withLock { $0.cursors } }

    func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
      let failure: ProjectionFailure? = state.withLock { state in
        if let fault = state.fault { return fault }
        for cursor in batch.cursors {
          let stored = state.cursors.first { $0.partition == cursor.partition }
          guard batch.after[cursor.partition, default: .start] <= stored?.position ?? .start
          else { return .outOfStep("partition \(cursor.partition)") }
        }
        for event in batch.events { state.texts[event.stream.id, default: []].append(event.text) }
        state.setAside += batch.setAside.map(\.event.text)
        for cursor in batch.cursors {
          state.cursors.removeAll { $0.partition == cursor.partition }
          state.cursors.append(cursor)
        }
        state.batches += 1
        return nil
      }
      if let failure { throw failure }
    }

    var texts: [String: [String]] { state.withLock { $0.texts } }

    /// Begins anew, with nothing.
    func lose() {
      state.withLock { state in
        state.texts = [:]
        state.cursors = []
      }
    }
  }

  /// A journal of which some partitions cannot be read.
  final class Broken: EventSource {
    private let journal: MemoryJournal
    private let errors = Mutex<[Partition: JournalError]>([:])

    init(_ journal: MemoryJournal) { self.journal = journal }

    var name: String { journal.name }

    func fail(_ partition: Partition, _ error: JournalError?) {
      errors.withLock { $0[partition] = error }
    }

    func status() async throws(JournalError) -> SourceStatus { try await journal.status() }

    func read(
      partition: Partition, after position: Position, limit: Int
    ) async throws(JournalError) -> [RecordedEvent] {
      if let error = errors.withLock({ $0[partition] }) { throw error }
      return try await journal.read(partition: partition, after: position, limit: limit)
    }

    func waitForChange(after heads: [Position]) async throws(JournalError) -> [Position] {
      try await journal.waitForChange(after: heads)
    }
  }

  private let source = memoryJournal("order")
  private let store = Store()

  private func projection() -> Projection<MemoryJournal, Store> {
    Projection("orders", from: source, into: store, clock: eagerClock())
  }

  @Test("equals a fold of the journal, and takes many events in one transaction")
  func folds() async throws {
    for number in 0..<200 {
      _ = try await source.append(append(["a", "b"], to: order("\(number)")))
    }
    let projection = projection()
    try await running(projection.run) {
      await until { store.texts.values.reduce(0) { $0 + $1.count } == 400 }
      try await until { try await projection.lag().events == 0 }
    }
    #expect(store.texts.values.allSatisfy { $0 == ["a", "b"] })
    #expect(store.state.withLock { $0.batches } < 10)
  }

  @Test("goes on where rows and cursor stand, and applies nothing twice")
  func resumes() async throws {
    for version in 0..<6 {
      _ = try await source.append(
        append(["\(version)"], to: order("1"), at: StreamVersion(Int64(version))))
      try await running(projection().run) {
        await until { store.texts["1"]?.count == version + 1 }
      }
    }
    #expect(store.texts["1"] == (0..<6).map { "\($0)" })
  }

  @Test(
    "leaves a partition out that cannot be read, tells of it, and goes on with the others",
    arguments: [
      JournalError.corrupt(Corruption(file: "order.db", detail: "a page is damaged")),
      .unavailable("the disk"),
    ])
  func partitionAway(error: JournalError) async throws {
    // One order for each partition.
    let ids = (0..<4).compactMap { index in
      (0..<100).map { "\($0)" }.first { Partition.holding(id: $0, of: 4) == Partition(index) }
    }
    try #require(ids.count == 4)
    for id in ids { _ = try await source.append(append(["a"], to: order(id))) }
    let broken = Broken(source)
    broken.fail(0, error)
    let (clock, notices) = (ManualClock(), Noted<SubscriptionNotice>())
    let projection = Projection(
      "orders", from: broken, into: store, clock: clock.clock, notify: { notices.add($0) })
    try await running(projection.run) {
      await until { store.texts.count == 3 }
      #expect(store.texts[ids[0]] == nil)
      #expect(notices.all.contains(.waiting(0, error)))
      _ = try await source.append(append(["b"], to: order(ids[3]), at: 1))
      try await until { try await projection.lag().events == 1 }
      #expect(store.texts[ids[3]] == ["a", "b"])
      // Nobody waits for what is behind damage; what may come is known not to be known.
      let known: Int64? = if case .corrupt = error { 0 } else { nil }
      #expect(projection.knownLag == known)
      // Its lag grows.
      await until { clock.sleeperCount == 1 }
      clock.advance(by: .seconds(3))
      let lag = try await projection.lag()
      #expect(lag == SubscriptionLag(events: 1, oldest: .seconds(3)))
      // Tried again, and again in vain: then it is left alone for longer.
      await until { clock.sleepCount == 2 }
      broken.fail(0, nil)
      clock.advance(by: .milliseconds(39))
      #expect(clock.sleeperCount == 1)
      clock.advance(by: .milliseconds(1))
      await until { store.texts[ids[0]] == ["a"] }
      await until { projection.knownLag == 0 }
    }
  }

  @Test("fills a store that has begun anew, also while nothing new happens")
  func restarted() async throws {
    _ = try await source.append(append(["a", "b"], to: order("1")))
    let projection = projection()
    try await running(projection.run) {
      await until { projection.knownLag == 0 }
      store.lose()
      store.restarts.tell("lost")
      await until { store.texts["1"] == ["a", "b"] }
    }
  }

  @Test("reads the cursors again when what comes next does not follow them")
  func outOfStep() async throws {
    _ = try await source.append(append(["a", "b"], to: order("1")))
    let projection = projection()
    try await running(projection.run) {
      await until { projection.knownLag == 0 }
      store.lose()
      _ = try await source.append(append(["c"], to: order("1"), at: 2))
      await until { store.texts["1"] == ["a", "b", "c"] }
    }
  }

  @Test("sets an event aside whose row is damaged, and goes on behind it")
  func damaged() async throws {
    _ = try await source.append(append(["a", "b", "c"], to: order("1")))
    let partition = Partition.holding(id: "1", of: 4)
    for position in [Position(1), 3] { source.damage(partition, position) }
    let projection = projection()
    try await running(projection.run) {
      await until { store.state.withLock { $0.setAside.count } == 2 }
      try await until { try await projection.lag().events == 0 }
    }
    #expect(store.texts["1"] == ["b"])
  }

  @Test("waits for a store that is away")
  func away() async throws {
    _ = try await source.append(append(["a"], to: order("1")))
    store.state.withLock { $0.fault = .unavailable("full") }
    let projection = projection()
    try await running(projection.run) {
      for _ in 0..<50 { await Task.yield() }
      #expect(store.texts.isEmpty)
      store.state.withLock { $0.fault = nil }
      await until { store.texts["1"] == ["a"] }
    }
  }

  @Test("stops loudly when its rows are of another history of the source")
  func otherEpoch() async throws {
    store.state.withLock {
      $0.cursors = [
        Cursor(subscriber: "orders", partition: 0, position: 0, epoch: JournalEpoch("gone"))
      ]
    }
    await #expect(
      throws: SubscriptionError.otherEpoch(0, cursor: JournalEpoch("gone"), source: source.epoch)
    ) { try await projection().run() }
  }
}
