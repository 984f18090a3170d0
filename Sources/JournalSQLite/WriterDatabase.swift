import Journal
import SQLite

/// The writing connection, its statements and what it remembers. Lives on the writer's thread.
final class WriterDatabase {
  /// A stream's number (0 while it has none) and version. A reference, so that what is remembered
  /// of a stream moves with it and need not be looked up again.
  final class StreamHead {
    var number: Int64
    var version: StreamVersion

    init(number: Int64, version: StreamVersion) {
      self.number = number
      self.version = version
    }
  }

  let connection: Connection
  let identity: JournalIdentity
  let file: String
  /// Whether nothing was left in the log when the database was opened.
  let isLogEmpty: Bool
  var heads: [Position]
  /// Why the end of a partition could not be read, by its index. Nothing is appended there: its
  /// place is not certain.
  let damagedEnds: [Int: SQLiteError]
  /// Of the streams used last. Emptied when a transaction fails: its appends have moved them.
  private var streams: LRUCache<StreamKey, StreamHead>
  /// That of the append at work, most often: its marks and deadlines are its stream's.
  private var latest: (key: StreamKey, head: StreamHead)?
  let statements: WriterStatements

  /// Opens the database, and has everything that stands in its log on disk before anything of it is
  /// told: a process that was killed while committing has written what it had not synced yet.
  /// - Parameters:
  ///   - newEpoch: draws the identity of a journal made anew; nil: nothing is made.
  ///   - known: the heads it had when it was open before, for partitions whose end is damaged.
  init(
    _ options: SQLiteJournalOptions, newEpoch: (() -> JournalEpoch)?, known: [Position]? = nil
  ) throws(JournalError) {
    (connection, identity) = try Connection.openWriter(options, newEpoch: newEpoch)
    file = options.path
    streams = LRUCache(capacity: options.rememberedStreamsMax)
    do throws(SQLiteError) {
      statements = try WriterStatements(connection)
      (heads, damagedEnds) = try connection.heads(count: identity.partitionCount, orElse: known)
    } catch { throw JournalError(error, file: options.path) }
    do throws(SQLiteError) {
      let isEmpty = try connection.emptyLog()
      // Not only in memory: a log that came back after a power cut might hold a transaction that
      // failed and that somebody has been told is not there.
      if isEmpty, options.syncsCommits { try connection.syncLog() }
      isLogEmpty = isEmpty
    } catch {
      // The log is synced before the first page is copied, so that a full disk harms nobody.
      guard error.primaryCode == Self.full else {
        throw JournalError(error, file: options.path)
      }
      isLogEmpty = false
    }
  }

  /// The head of a stream, from memory or from the file.
  func head(of stream: StreamKey) throws(SQLiteError) -> StreamHead {
    if let latest, latest.key == stream { return latest.head }
    let head =
      if let known = streams.value(for: stream) { known } else {
        try findHead(of: stream)
      }
    latest = (stream, head)
    return head
  }

  private func findHead(of stream: StreamKey) throws(SQLiteError) -> StreamHead {
    statements.findStream.bind(1, stream.id)
    statements.findStream.bind(2, stream.category)
    let head = StreamHead(number: 0, version: .none)
    if try statements.findStream.step() {
      head.number = statements.findStream.integer(0)
      statements.findStream.reset()
      statements.findVersion.bind(1, head.number)
      let found = try statements.findVersion.step()
      head.version = StreamVersion(found ? statements.findVersion.integer(0) : 0)
      statements.findVersion.reset()
    }
    streams.insert(head, for: stream)
    return head
  }

  func forgetHeads() {
    streams.removeAll()
    latest = nil
  }
}

extension Connection {
  /// Copies of the write-ahead log into the file what nobody is in the way of. Returns the pages of
  /// the log, and how many of them have been copied.
  func checkpoint() throws(SQLiteError) -> (log: Int64, copied: Int64) {
    let checkpoint = try prepare("PRAGMA wal_checkpoint(PASSIVE)")
    guard try checkpoint.step() else { return (0, 0) }
    return (checkpoint.integer(1), checkpoint.integer(2))
  }

  /// Syncs the write-ahead log, copies all of it into the file and cuts it to nothing. False when
  /// somebody reads what stands in it and does not end.
  func emptyLog() throws(SQLiteError) -> Bool {
    try integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0
  }
}

/// Everything the writer runs, compiled once.
struct WriterStatements {
  let begin, commit, rollback: Statement
  let findStream, findVersion, addStream, addEvent: Statement
  let findMark, addMark, addCursor: Statement
  let setDeadline, clearDeadline, clearDueDeadline: Statement
  let park, unpark: Statement

  init(_ connection: Connection) throws(SQLiteError) {
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    rollback = try connection.prepare("ROLLBACK")
    findStream = try connection.prepare("SELECT no FROM streams WHERE id=?1 AND category=?2")
    findVersion = try connection.prepare("SELECT max(version) FROM events WHERE stream=?1")
    addStream = try connection.prepare("INSERT INTO streams(id, category) VALUES(?1, ?2)")
    addEvent = try connection.prepare(EventRow.insert)
    findMark = try connection.prepare("SELECT position FROM marks WHERE stream=?1 AND source=?2")
    addMark = try connection.prepare(
      """
      INSERT INTO marks(stream, source, position, checksum) VALUES(?1,?2,?3,?4)
      ON CONFLICT(stream, source) DO UPDATE
      SET position=excluded.position, checksum=excluded.checksum
      WHERE excluded.position > position
      """)
    addCursor = try connection.prepare(
      """
      INSERT INTO cursors(subscriber, part, position, epoch, checksum) VALUES(?1,?2,?3,?4,?5)
      ON CONFLICT(subscriber, part) DO UPDATE SET position=excluded.position,
      epoch=excluded.epoch, checksum=excluded.checksum
      """)
    setDeadline = try connection.prepare(
      """
      INSERT INTO deadlines(stream, kind, due_at, owner, payload, checksum)
      VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(stream, kind) DO UPDATE SET due_at=excluded.due_at,
      owner=excluded.owner, payload=excluded.payload, checksum=excluded.checksum
      """)
    clearDeadline = try connection.prepare("DELETE FROM deadlines WHERE stream=?1 AND kind=?2")
    clearDueDeadline = try connection.prepare(
      "DELETE FROM deadlines WHERE stream=?1 AND kind=?2 AND due_at=?3")
    park = try connection.prepare(
      """
      INSERT OR REPLACE INTO parked(subscriber, part, position, source, category, id,
      ordering_key, type, reason, attempts, parked_at, checksum)
      VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)
      """)
    unpark = try connection.prepare(
      "DELETE FROM parked WHERE subscriber=?1 AND part=?2 AND position=?3")
  }
}
