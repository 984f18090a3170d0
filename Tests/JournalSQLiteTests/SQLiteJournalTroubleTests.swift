import Journal
import JournalContract
import JournalSQLite
import SQLite
import Testing

/// What a journal says of its storage.
@Suite("A journal in SQLite in trouble", .timeLimit(.minutes(1)))
struct SQLiteJournalTroubleTests {
  private let directory: TemporaryDirectory
  private let options: SQLiteJournalOptions

  init() throws {
    directory = try TemporaryDirectory()
    var options = SQLiteJournalOptions(path: directory.file("order.db"), name: "order")
    options.idleCheckpointMilliseconds = 600_000
    self.options = options
  }

  @Test("counts no commit where the storage has refused a group, and says so until one is written")
  func refusedGroup() async throws {
    let committed = Noted<Int64>()
    var options = options
    options.committed = { committed.add($0) }
    let journal = try await openJournal(options)
    _ = try await journal.append(append(["a"], to: order("1")))
    let reader = try Connection(path: options.path, mode: .readOnly)
    let pages = try #require(try reader.integer("PRAGMA page_count"))
    try await journal.execute(sql: "PRAGMA max_page_count=\(pages + 1)")
    let large = largeAppend(to: order("2"))
    await #expect(throws: JournalError.self) { _ = try await journal.append(large) }
    #expect(journal.trouble?.contains("full") == true)
    #expect(journal.statistics.commits == 1)
    #expect(committed.all.count == 1)
    // Nothing is wrong with the file.
    #expect(journal.statistics.reopenings == 0)
    try await journal.execute(sql: "PRAGMA max_page_count=1073741823")
    _ = try await journal.append(large)
    #expect(journal.trouble == nil)
    #expect(journal.statistics.commits == 2)
    #expect(committed.all.count == 2)
    await journal.close()
  }

  @Test("tells of a log that somebody keeps reading once it is too long; appends go on")
  func grownLog() async throws {
    let told = Noted<Bool>()
    var options = options
    options.checkpointPages = 1
    options.logPagesMax = 20
    options.checkpointTrouble = { told.add($0 != nil) }
    let journal = try await openJournal(options)
    _ = try await journal.append(append(["e"], to: order("0")))
    let reader = try Connection(path: options.path, mode: .readOnly)
    try reader.execute("BEGIN; SELECT count(*) FROM events")
    for number in 1...20 {
      _ = try await journal.append(append(["e"], to: order("\(number)")))
    }
    try await afterCheckpoint(of: journal)
    guard case .hindered(let reason) = journal.checkpointTrouble else {
      Issue.record("nobody says that the log grows")
      return
    }
    #expect(reason.contains("has grown to"))
    #expect(journal.trouble == nil)
    try reader.execute("COMMIT")
    _ = try await journal.append(append(["e"], to: order("21")))
    try await afterCheckpoint(of: journal)
    #expect(journal.checkpointTrouble == nil)
    #expect(told.all == [true, false])
    await journal.close()
  }

  @Test("keeps its log short under load, though it is never idle")
  func shortLog() async throws {
    var options = options
    options.checkpointPages = 10
    options.logPagesMax = 20
    let journal = try await openJournal(options)
    for number in 0..<100 {
      _ = try await journal.append(append(["e"], to: order("\(number)")))
    }
    try await afterCheckpoint(of: journal)
    #expect(journal.checkpointTrouble == nil)
    // A hundred transactions of four pages and more: without checkpoints it would hold them all.
    let log = try contents(of: options.path + "-wal")
    #expect(log.count < 40 * 4096)
    await journal.close()
  }

  /// An append is answered before the checkpoint that may follow it.
  private func afterCheckpoint(of journal: SQLiteJournal) async throws {
    try await journal.execute(sql: "SELECT 1")
  }

  private func largeAppend(to stream: StreamKey) -> Append {
    var large = append(["large"], to: stream)
    large.streams[0].events[0].payload = [UInt8](repeating: 1, count: 500_000)
    return large
  }
}
