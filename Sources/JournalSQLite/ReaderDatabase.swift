import Journal
import SQLite

/// A reading connection and its statements. Lives on one reader thread.
final class ReaderDatabase {
  private let connection: Connection
  private let file: String
  private let bytesMax: Int
  private var prepared: [String: Statement] = [:]
  private let damaged: (@Sendable (Corruption) -> Void)?
  /// Rows that `damaged` has been told of; a page that holds one is read again and again.
  private var told: Set<String> = []
  private static let toldMax = 1000

  init(_ options: SQLiteJournalOptions) throws(JournalError) {
    connection = try Connection.openReader(options)
    file = options.path
    bytesMax = options.readBytesMax
    damaged = options.damaged
  }

  /// A damaged row was passed over.
  func tell(of damage: Corruption) {
    guard told.count < Self.toldMax, told.insert(damage.description).inserted else { return }
    damaged?(damage)
  }

  /// Runs `body` on one moment of the database.
  func snapshot<T>(_ body: () throws -> T) throws -> T {
    try statement("BEGIN").run()
    do {
      let value = try body()
      try statement("COMMIT").run()
      return value
    } catch {
      for statement in prepared.values { statement.reset() }
      if !connection.isAutocommit { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  func events(
    in partition: Partition, after position: Position, limit: Int
  ) throws -> [RecordedEvent] {
    // By the place itself: one behind another is looked for from that one's page, damaged or not.
    let select = try statement(
      "\(EventRow.select) WHERE e.place >= ?1 AND e.place <= ?2 ORDER BY e.place LIMIT ?3")
    select.bind(1, EventRow.place(partition, max(position, .start)) + 1)
    select.bind(2, EventRow.place(partition, Position(.max)))
    select.bind(3, Int64(max(0, limit)))
    var expected = max(position, .start).next
    do {
      return try rows(of: select, upToDamage: true) { event in
        guard event.position == expected else {
          throw Corruption(
            file: file, partition: partition, position: expected,
            detail: "the event is missing; the next is at \(event.position)")
        }
        expected = expected.next
      }
    } catch let error as SQLiteError where error.isCorruption {
      // Positions are dense: where the partition goes on there is an event, which cannot be read.
      guard try end(of: partition) >= expected else { throw error }
      throw Corruption(
        file: file, partition: partition, position: expected, detail: error.description)
    }
  }

  /// Throws where the end cannot be read either.
  private func end(of partition: Partition) throws(SQLiteError) -> Position {
    try EventRow.end(of: partition, try statement(EventRow.last))
  }

  func events(
    of stream: StreamKey, from version: StreamVersion, limit: Int?
  ) throws -> [RecordedEvent] {
    guard let number = try number(of: stream) else { return [] }
    let select = try statement(
      "\(EventRow.select) WHERE e.stream = ?1 AND e.version >= ?2 ORDER BY e.version LIMIT ?3")
    var expected = max(version, 1)
    select.bind(1, number)
    select.bind(2, expected.value)
    select.bind(3, limit.map { Int64(max(0, $0)) } ?? -1)
    return try rows(of: select, bounded: limit != nil) { event in
      guard event.version == expected, event.stream == stream else {
        throw Corruption(
          file: file, stream: stream, partition: event.partition, position: event.position,
          detail: "version \(expected) is missing; found \(event.stream) \(event.version)")
      }
      expected = expected.advanced(by: 1)
    }
  }

  func load(_ stream: StreamKey) throws -> LoadedStream {
    try snapshot {
      LoadedStream(
        events: try events(of: stream, from: 1, limit: nil), marks: try marks(of: stream))
    }
  }

  func marks(of stream: StreamKey) throws -> [InboxMark] {
    guard let number = try number(of: stream) else { return [] }
    let select = try statement("SELECT source, position, checksum FROM marks WHERE stream=?1")
    select.bind(1, number)
    defer { select.reset() }
    var marks: [InboxMark] = []
    while try select.step() {
      guard let source = InboxSource(text: select.text(0)) else {
        throw Corruption(file: file, stream: stream, detail: "an inbox mark without a source")
      }
      let mark = InboxMark(
        stream: stream, source: source, position: Position(select.integer(1)))
      guard RowChecksum.of(mark) == select.integer(2) else {
        throw Corruption(
          file: file, stream: stream, detail: "the inbox mark of \(source) is damaged")
      }
      marks.append(mark)
    }
    return marks
  }

  func cursors(of subscriber: String) throws -> [Cursor] {
    let select = try statement(
      "SELECT part, position, epoch, checksum FROM cursors WHERE subscriber=?1 ORDER BY part")
    select.bind(1, subscriber)
    defer { select.reset() }
    var cursors: [Cursor] = []
    while try select.step() {
      let cursor = Cursor(
        subscriber: subscriber, partition: Partition(Int(select.integer(0))),
        position: Position(select.integer(1)), epoch: JournalEpoch(select.text(2)))
      guard RowChecksum.of(cursor) == select.integer(3) else {
        throw Corruption(
          file: file, partition: cursor.partition,
          detail: "the cursor of \(subscriber) is damaged")
      }
      cursors.append(cursor)
    }
    return cursors
  }

  /// Verified by following every table and index; slow, for audits.
  func integrityErrors(limit: Int) throws -> [String] {
    let check = try statement("PRAGMA integrity_check(\(max(1, limit)))")
    defer { check.reset() }
    var errors: [String] = []
    while try check.step() { errors.append(check.text(0)) }
    return errors == ["ok"] ? [] : errors
  }

  func heads(count: Int) throws -> [Position] { try connection.heads(count: count).heads }

  private func number(of stream: StreamKey) throws -> Int64? {
    let find = try statement("SELECT no FROM streams WHERE id=?1 AND category=?2")
    find.bind(1, stream.id)
    find.bind(2, stream.category)
    defer { find.reset() }
    return try find.step() ? find.integer(0) : nil
  }

  /// - Parameter upToDamage: gives what stands before a damaged row; the row itself is an error
  ///   only where it is the first.
  private func rows(
    of select: Statement, bounded: Bool = true, upToDamage: Bool = false,
    _ check: (RecordedEvent) throws -> Void
  ) throws -> [RecordedEvent] {
    defer { select.reset() }
    var events: [RecordedEvent] = []
    var bytes = 0
    while true {
      let event: RecordedEvent
      do {
        guard try select.step() else { break }
        event = try EventRow.read(select, file: file)
        try check(event)
      } catch let error where upToDamage && !events.isEmpty && Self.isDamage(error) {
        break
      }
      bytes += event.payload.count
      events.append(event)
      if bounded, bytes >= bytesMax { break }
    }
    return events
  }

  /// Whether a row is not what was written, in what it says or in how SQLite keeps it.
  private static func isDamage(_ error: any Error) -> Bool {
    error is Corruption || (error as? SQLiteError)?.isCorruption ?? false
  }

  /// Compiled once per connection; the texts are few and fixed.
  func statement(_ sql: String) throws(SQLiteError) -> Statement {
    if let statement = prepared[sql] { return statement }
    let statement = try connection.prepare(sql)
    prepared[sql] = statement
    return statement
  }

  func corruption(_ stream: StreamKey?, _ detail: String) -> Corruption {
    Corruption(file: file, stream: stream, detail: detail)
  }
}
