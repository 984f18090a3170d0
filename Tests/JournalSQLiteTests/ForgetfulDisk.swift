import CPowerCut
import CSQLite
import Journal
import JournalContract
import JournalSQLite
import SQLite

/// A directory whose files lose what was not synced.
final class ForgetfulDisk: Sendable {
  private let directory: TemporaryDirectory
  private let options: SQLiteJournalOptions

  init(_ change: (inout SQLiteJournalOptions) -> Void = { _ in }) throws {
    guard powercut_register() == SQLITE_OK else {
      throw SetUpFailure(description: "powercut_register")
    }
    heal()
    directory = try TemporaryDirectory()
    var options = SQLiteJournalOptions(path: directory.file("test.db"), name: "test")
    options.vfs = POWERCUT_VFS
    change(&options)
    self.options = options
  }

  /// Where the database is.
  var path: String { options.path }

  func open() async throws -> SQLiteJournal { try await openJournal(options) }

  /// To do without the journal.
  func connect() throws -> Connection {
    try Connection(path: options.path, mode: .create, vfs: POWERCUT_VFS)
  }

  /// Somebody who has read. As long as the connection lives, what SQLite knows of the log does too.
  func read(_ sql: String) throws -> Connection {
    let reader = try Connection(path: options.path, mode: .readOnly)
    try reader.execute(sql)
    return reader
  }

  /// A transaction that reads and goes on.
  func beginReading() throws -> Connection { try read("BEGIN; SELECT count(*) FROM events") }

  /// Four orders at a time grow until no write, or no sync, reaches the disk any more. Returns how
  /// far each was acknowledged.
  func writeUntilPowerCut(
    after count: Int, fault: (_ code: Int32, _ after: Int) -> Void
  ) async throws -> [StreamKey: Int64] {
    let journal = try await open()
    fault(SQLITE_IOERR, count)
    let acknowledged = await withTaskGroup(of: (StreamKey, Int64).self) { group in
      for number in 0..<4 {
        group.addTask {
          let stream = order("order-\(number)")
          var version: Int64 = 0
          while version < 200 {
            let next = append(["e\(version)"], to: stream, at: StreamVersion(version))
            guard (try? await journal.append(next)) != nil else { break }
            version += 1
          }
          return (stream, version)
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    await stop(journal)
    return acknowledged
  }

  /// Closes it when nothing reaches the disk any more.
  func stop(_ journal: SQLiteJournal) async {
    powercut_fail_writes(SQLITE_IOERR, 0)
    powercut_fail_syncs(SQLITE_IOERR, 0)
    await journal.close()
  }

  /// Returns how many writes it took.
  @discardableResult
  func cutPower(_ mode: Int, seed: UInt64) -> Int {
    heal()
    return powercut_apply(options.path, Int32(mode), seed)
  }

  /// The orders of which something acknowledged is missing.
  func lost(of acknowledged: [StreamKey: Int64]) async throws -> [StreamKey] {
    let journal = try await open()
    var lost: [StreamKey] = []
    for (stream, version) in acknowledged {
      let events = try await journal.load(stream).events
      let texts = (0..<events.count).map { "e\($0)" }
      if Int64(events.count) < version || events.map(\.text) != texts { lost.append(stream) }
      // Nothing was applied twice: at most the one append in flight is there as well.
      if Int64(events.count) > version + 1 { lost.append(stream) }
    }
    await journal.close()
    return lost
  }
}

/// The disk works again.
private func heal() {
  powercut_fail_writes(SQLITE_OK, 0)
  powercut_fail_syncs(SQLITE_OK, 0)
}
