import Journal
import Synchronization
import Testing
import Views

/// Rows whose bytes are all payloads of a stream, one after the other.
private let joining = KeyedFold(
  name: "joining", version: 1,
  key: { $0.stream.category == "store" ? $0.stream.id : nil },
  keyOfStream: { $0.category == "store" ? $0.id : nil },
  effect: { event, row in
    if event.type == "Removed" { return .remove }
    if event.type == "Ignored" { return .nothing }
    if event.type == "Bad" { throw ViewError.invalid("bad") }
    return .put((row?.bytes ?? []) + event.payload)
  })

private func event(
  _ position: Int64, _ id: String, _ payload: [UInt8] = [1], type: String = "Added",
  category: String = "store"
) -> RecordedEvent {
  RecordedEvent(
    partition: 0, position: Position(position), stream: StreamKey(category: category, id: id),
    version: StreamVersion(position), id: EventID("e\(position)"), type: type, payload: payload,
    metadata: EventMetadata(correlationID: "", causationID: ""),
    recordedAt: WallTime(milliseconds: position * 10))
}

private func batch(_ events: [RecordedEvent]) -> ViewBatch<KeyedChange> {
  ViewBatch(
    source: "store", changes: events.map { KeyedChange($0) },
    cursors: [
      ViewCursor(
        partition: 0, position: events.last?.position ?? .start, epoch: JournalEpoch("e"))
    ])
}

@Suite("Every adapter of the keyed view")
struct KeyedViewTests {
  private func make(
    _ adapter: Adapter, _ scratch: Scratch, _ fold: KeyedFold = joining,
    _ onChange: @escaping @Sendable ([KeyedUpdate]) -> Void = { _ in }
  ) throws -> any KeyedView {
    switch adapter {
    case .memory: MemoryKeyedView(fold, onChange: onChange)
    case .sqlite: try SQLiteKeyedView.open(fold, in: scratch.path, onChange: onChange)
    }
  }

  @Test("rows are folded from their own stream's events", arguments: Adapter.allCases)
  func folds(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try make(adapter, scratch)
    try await view.apply(
      batch([
        event(1, "a", [1]), event(2, "b", [2]), event(3, "a", [3]), event(4, "a", category: "x"),
        event(5, "c"), event(6, "c", type: "Removed"), event(7, "b", type: "Ignored"),
      ]))
    #expect(
      try await view.row("a")
        == KeyedRow(
          key: "a", version: 3, updatedAt: WallTime(milliseconds: 30), bytes: [1, 3]))
    #expect(try await view.row("b")?.version == 2)
    #expect(try await view.row("c") == nil)
    #expect(try await view.rows(after: "", limit: 10).map(\.key) == ["a", "b"])
    #expect(try await view.rows(after: "a", limit: 10).map(\.key) == ["b"])
    #expect(try await view.cursors().position("store", 0) == 7)
    await view.close()
  }

  @Test("events handed in again are not folded again", arguments: Adapter.allCases)
  func again(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try make(adapter, scratch)
    try await view.apply(batch([event(1, "a", [1]), event(2, "a", [2])]))
    try await view.apply(batch([event(1, "a", [1]), event(2, "a", [2])]))
    try await view.apply(batch([event(2, "a", [2]), event(3, "a", [3])]))
    #expect(try await view.row("a")?.bytes == [1, 2, 3])
    await view.close()
  }

  @Test("an event that cannot be folded stops its own row only", arguments: Adapter.allCases)
  func stalls(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try make(adapter, scratch)
    try await view.apply(
      batch([event(1, "a", [1]), event(2, "a", type: "Bad"), event(3, "b", [3])]))
    try await view.apply(batch([event(4, "a", [4]), event(5, "b", [5])]))
    #expect(try await view.row("a")?.bytes == [1])
    #expect(try await view.row("b")?.bytes == [3, 5])
    let stalled = try await view.stalled(after: "", limit: 10)
    #expect(stalled.map(\.key) == ["a"])
    #expect(stalled.first?.position == 2)
    await view.close()
  }

  @Test("a row that stands still is told of, again with the view's next start")
  func stallsAnew() async throws {
    let scratch = Scratch()
    let told = Mutex<[KeyedStall]>([])
    let bad = batch([event(1, "a", [1]), event(2, "a", type: "Bad"), event(3, "b", [3])])
    let first = try SQLiteKeyedView.open(
      joining, in: scratch.path, onStall: { stall in told.withLock { $0.append(stall) } })
    try await first.apply(bad)
    #expect(told.withLock { $0.map(\.key) } == ["a"])
    await first.close()

    let again = try SQLiteKeyedView.open(
      joining, in: scratch.path, onStall: { stall in told.withLock { $0.append(stall) } })
    #expect(again.path == first.path)
    #expect(told.withLock { $0.map(\.key) } == ["a", "a"])
    #expect(try await again.row("b")?.bytes == [3])
    await again.close()
  }

  @Test("an event that was set aside stops the row of its stream only", arguments: Adapter.allCases)
  func setAside(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let view = try make(adapter, scratch)
    let damaged = [
      event(2, "a", type: "damaged"), event(4, "c", type: "damaged", category: "x"),
    ]
    try await view.apply(
      ViewBatch(
        ProjectionBatch(
          source: "store",
          events: [event(1, "a", [1]), event(3, "b", [3]), event(5, "a", [5]), event(6, "c", [6])],
          setAside: damaged.map { SetAsideEvent(event: $0, reason: "the disk") },
          cursors: [
            Cursor(subscriber: "view", partition: 0, position: 6, epoch: JournalEpoch("e"))
          ])))
    #expect(try await view.row("a")?.bytes == [1])
    #expect(try await view.row("b")?.bytes == [3])
    #expect(try await view.row("c")?.bytes == [6])
    #expect(
      try await view.stalled(after: "", limit: 10) == [
        KeyedStall(key: "a", source: "store", partition: 0, position: 2, reason: "the disk")
      ])
    await view.close()
  }

  @Test("changes are told of once they are visible", arguments: Adapter.allCases)
  func tells(_ adapter: Adapter) async throws {
    let scratch = Scratch()
    let told = Mutex<[KeyedUpdate]>([])
    let view = try make(adapter, scratch, joining) { updates in
      told.withLock { $0 += updates }
    }
    try await view.apply(batch([event(1, "a", [1]), event(2, "a", [2])]))
    try await view.apply(batch([event(3, "a", type: "Removed")]))
    #expect(told.withLock { $0.map { $0.row?.bytes } } == [[1, 2], nil])
    await view.close()
  }

  @Test("a reopened file goes on where it was; another fold starts anew")
  func reopens() async throws {
    let scratch = Scratch()
    let view = try make(.sqlite, scratch)
    try await view.apply(
      batch([event(1, "a", [1]), event(2, "b", type: "Bad")]))
    await view.close()
    let again = try make(.sqlite, scratch)
    try await again.apply(batch([event(2, "b", type: "Bad"), event(3, "b"), event(4, "a", [4])]))
    #expect(try await again.row("a")?.bytes == [1, 4])
    #expect(try await again.row("b") == nil)
    var keys: [String] = []
    try await again.forEachRow(pageSize: 1) { keys.append($0.key) }
    #expect(keys == ["a"])
    await again.close()
    let other = KeyedFold(name: "joining", version: 2, key: joining.key, effect: joining.effect)
    let anew = try make(.sqlite, scratch, other)
    #expect(try await anew.rows(after: "", limit: 10).isEmpty)
    #expect(try await anew.cursors() == ViewCursors())
    await anew.close()
  }
}
