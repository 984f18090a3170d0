import Journal
import Synchronization
import Testing
import Views

@Suite("A view whose file is damaged", .timeLimit(.minutes(1)))
struct DamagedViewTests {
  private typealias NotesProjection = Projection<MemoryJournal, KeyedStore<SQLiteKeyedView>>

  /// The last payload of each stream.
  private static let fold = KeyedFold(
    name: "notes", version: 1, key: { $0.stream.id }, effect: { event, _ in .put(event.payload) })

  private let scratch = Scratch()
  private let reasons = Reasons()
  private let journal = MemoryJournal(name: "store", epoch: JournalEpoch("e")) {
    WallTime(milliseconds: 1)
  }

  private func record(_ id: String, _ text: String) async throws {
    let event = NewEvent(
      id: EventID(id), type: "test.Noted", payload: Array(text.utf8),
      metadata: EventMetadata(correlationID: id, causationID: "test"))
    let stream = StreamKey(category: "store", id: id)
    _ = try await journal.append(Append(to: stream, expecting: .none, [event]))
  }

  private func open() throws -> SQLiteKeyedView {
    try SQLiteKeyedView.open(
      Self.fold, in: scratch.path, restarts: StoreRestarts { [reasons] in reasons.add($0) })
  }

  /// Runs a projection into `view`; beside `body`, once there is nothing left to take in.
  private func projecting(
    into view: SQLiteKeyedView, _ body: (NotesProjection) async throws -> Void
  ) async throws {
    let clock = JournalClock(
      now: { WallTime(milliseconds: 1) },
      sleep: { _ in
        await Task.yield()
        try Task.checkCancellation()
      })
    let projection = NotesProjection("notes", from: journal, into: KeyedStore(view), clock: clock)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await projection.run() }
      await until { projection.knownLag == 0 }
      try await body(projection)
      group.cancelAll()
    }
  }

  private func keys(_ view: SQLiteKeyedView) async throws -> [String] {
    try await view.rows(after: "", limit: 10).map(\.key)
  }

  @Test("is built anew while it is in use, though nothing new happens")
  func read() async throws {
    try await record("a", "the note a")
    try await record("b", "the note b")
    let first = try open()
    try await projecting(into: first) { _ in
      let found = try await keys(first)
      #expect(found == ["a", "b"])
    }
    await first.close()
    let file = try #require(scratch.names.first { $0.hasSuffix(".db") })
    #expect(scratch.damage(file, pagesWith: "the note a") == 1)

    let view = try open()
    #expect(view.path == first.path)
    try await projecting(into: view) { projection in
      let error = await #expect(throws: ViewError.self) { try await view.row("a") }
      #expect(isCorrupt(error))
      await until { (try? await keys(view)) == ["a", "b"] }
      await until { projection.knownLag == 0 }
    }
    #expect(reasons.all.count == 1)
    #expect(!scratch.names.contains(file))
    await view.close()

    let again = try open()
    #expect(again.path == view.path)
    #expect(try await keys(again) == ["a", "b"])
    #expect(reasons.all.count == 1)
    await again.close()
  }

  @Test("is built anew when the damage is met in writing, and takes nothing that does not follow")
  func written() async throws {
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let first = try SQLiteOrderView.open(in: directory)
    let changes = (0..<300).flatMap { Course("o\($0)").streams[0] }
    try await first.apply(ViewBatch(changes, through: Int64(changes.count)))
    await first.close()
    let file = try #require(scratch.names.first { $0.hasSuffix(".db") })
    // The page at which the table grows is among them.
    #expect(scratch.damage(file, pagesWith: "o299") > 0)

    let restarts = StoreRestarts { [reasons] in reasons.add($0) }
    let view = try SQLiteOrderView.open(in: directory, restarts: restarts)
    var batch = ViewBatch(Course("o300").streams[0], through: Int64(changes.count + 6))
    batch.after = [0: Position(Int64(changes.count))]
    let next = batch
    let error = await #expect(throws: ViewError.self) { try await view.apply(next) }
    #expect(isCorrupt(error))
    #expect(try await view.cursors() == ViewCursors())
    let refusal = await #expect(throws: ViewError.self) { try await view.apply(next) }
    #expect(!isCorrupt(refusal))
    try await view.apply(ViewBatch(changes, through: Int64(changes.count)))
    try await view.apply(next)
    #expect(try await view.records(afterID: "", limit: 1000).count == 301)
    #expect(reasons.all.count == 1)
    await view.close()
  }

  @Test("is named at the start, where it cannot even be opened")
  func opened() async throws {
    let first = try open()
    await first.close()
    let file = try #require(scratch.names.first { $0.hasSuffix(".db") })
    var bytes = scratch.read(file)
    // Of the words with which every database begins.
    bytes[0] ^= 0x40
    scratch.write(bytes, to: file)
    let view = try open()
    #expect(reasons.all.count == 1 && reasons.all.allSatisfy { $0.contains(file) })
    #expect(view.path != first.path)
    await view.close()
  }

  private func isCorrupt(_ error: ViewError?) -> Bool {
    if case .corrupt? = error { true } else { false }
  }
}

private final class Reasons: Sendable {
  private let state = Mutex<[String]>([])

  func add(_ reason: String) { state.withLock { $0.append(reason) } }
  var all: [String] { state.withLock { $0 } }
}
