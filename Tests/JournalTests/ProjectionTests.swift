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

    func cursors(
      of view: String, from source: String
    ) async throws(ProjectionFailure) -> [Cursor] { state.withLock { $0.cursors } }

    func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
      let failure: ProjectionFailure? = state.withLock { state in
        if let fault = state.fault { return fault }
        for event in batch.events where event.text == "bad" {
          return .poison(event.partition, event.position, "bad")
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

  @Test("sets a poison event aside and applies the others")
  func poison() async throws {
    _ = try await source.append(append(["a", "bad", "c"], to: order("1")))
    try await running(projection().run) { await until { store.texts["1"] == ["a", "c"] } }
    #expect(store.state.withLock { $0.setAside } == ["bad"])
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
