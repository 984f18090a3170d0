import Glibc
import Journal
import SQLite

/// How events and the other rows are laid out; see `Migration.initial`.
enum EventRow {
  static let positionBits: Int64 = 48
  private static let positionMask: Int64 = (1 << 48) - 1

  static func place(_ partition: Partition, _ position: Position) -> Int64 {
    Int64(partition.index) << positionBits | (position.value & positionMask)
  }

  static func partition(ofPlace place: Int64) -> Partition {
    Partition(Int(place >> positionBits))
  }

  static func position(ofPlace place: Int64) -> Position { Position(place & positionMask) }

  static let insert = """
    INSERT INTO events(place, stream, version, recorded_at, id, type, correlation, causation,
      traceparent, payload, checksum) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)
    """

  /// The columns that `read` expects; to be followed by a WHERE over `e`.
  static let select = """
    SELECT e.place, e.version, e.recorded_at, e.id, e.type, e.correlation, e.causation,
      e.traceparent, e.payload, e.checksum, s.category, s.id
    FROM events e LEFT JOIN streams s ON s.no = e.stream
    """

  /// One look at the end of a partition, however long it is; decodes no row. For `end`.
  static let last = "SELECT max(place) FROM events WHERE place BETWEEN ?1 AND ?2"

  /// The last position of a partition.
  static func end(of partition: Partition, _ last: Statement) throws(SQLiteError) -> Position {
    last.bind(1, place(partition, .start))
    last.bind(2, place(partition, Position(.max)))
    defer { last.reset() }
    guard try last.step(), !last.isNull(0) else { return .start }
    return position(ofPlace: last.integer(0))
  }

  static func bind(_ event: RecordedEvent, ofStream number: Int64, to insert: Statement) {
    insert.bind(1, place(event.partition, event.position))
    insert.bind(2, number)
    insert.bind(3, event.version.value)
    insert.bind(4, event.recordedAt.milliseconds)
    insert.bind(5, hasUsualID(event) ? nil : event.id.text)
    insert.bind(6, event.type)
    let correlation = event.metadata.correlationID
    insert.bind(7, correlation == event.stream.id ? nil : correlation)
    insert.bind(8, event.metadata.causationID)
    insert.bind(9, event.metadata.traceparent)
    insert.bind(10, event.payload)
    insert.bind(11, Int64(event.checksum))
  }

  /// The current row of a statement that begins with `select`, its checksum verified.
  static func read(_ row: Statement, file: String) throws(Corruption) -> RecordedEvent {
    let place = row.integer(0)
    let (partition, position) = (partition(ofPlace: place), position(ofPlace: place))
    guard !row.isNull(10), !row.isNull(11) else {
      throw Corruption(
        file: file, partition: partition, position: position,
        detail: "the event's stream is missing")
    }
    let stream = StreamKey(category: row.text(10), id: row.text(11))
    let version = StreamVersion(row.integer(1))
    let event = RecordedEvent(
      partition: partition, position: position, stream: stream, version: version,
      id: EventID(row.isNull(3) ? usualID(stream, version) : row.text(3)),
      type: row.text(4), payload: row.blob(8),
      metadata: EventMetadata(
        correlationID: row.isNull(5) ? stream.id : row.text(5), causationID: row.text(6),
        traceparent: row.isNull(7) ? nil : row.text(7)),
      recordedAt: WallTime(milliseconds: row.integer(2)))
    guard Int64(event.checksum) == row.integer(9) else {
      throw Corruption(
        file: file, stream: stream, version: version, partition: partition, position: position,
        detail: "the event's checksum does not match")
    }
    return event
  }

  private static func usualID(_ stream: StreamKey, _ version: StreamVersion) -> String {
    "\(stream.category)/\(stream.id)/\(version.value)"
  }

  /// Byte for byte: building the text to compare with costs several times as much.
  private static func hasUsualID(_ event: RecordedEvent) -> Bool {
    event.id.text.withBytes { id in
      var rest = UnsafeRawBufferPointer(id)
      return rest.drop(event.stream.category) && rest.drop("/") && rest.drop(event.stream.id)
        && rest.drop("/") && rest.drop(String(event.version.value)) && rest.isEmpty
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Takes the bytes of `text` off the front; false when they do not stand there.
  fileprivate mutating func drop(_ text: String) -> Bool {
    text.withBytes { bytes in
      guard let part = bytes.baseAddress, let base = baseAddress else { return bytes.isEmpty }
      guard count >= bytes.count, memcmp(base, part, bytes.count) == 0 else { return false }
      self = UnsafeRawBufferPointer(rebasing: dropFirst(bytes.count))
      return true
    }
  }
}

/// Checksums of the smaller rows.
enum RowChecksum {
  static func of(_ mark: InboxMark) -> Int64 {
    var crc = CRC32C()
    crc.add(mark.stream.category)
    crc.add(mark.stream.id)
    crc.add(mark.source.subscriber)
    crc.add(Int64(mark.source.partition.index))
    crc.add(mark.position.value)
    return Int64(crc.value)
  }

  static func of(_ cursor: Cursor) -> Int64 {
    var crc = CRC32C()
    crc.add(cursor.subscriber)
    crc.add(Int64(cursor.partition.index))
    crc.add(cursor.position.value)
    crc.add(cursor.epoch.text)
    return Int64(crc.value)
  }

  static func of(_ deadline: Deadline) -> Int64 {
    var crc = CRC32C()
    crc.add(deadline.key.stream.category)
    crc.add(deadline.key.stream.id)
    crc.add(deadline.key.kind)
    crc.add(deadline.dueAt.milliseconds)
    crc.add(deadline.owner)
    crc.add(deadline.payload)
    return Int64(crc.value)
  }

  static func of(_ parked: ParkedEvent) -> Int64 {
    var crc = CRC32C()
    crc.add(parked.key.subscriber)
    crc.add(Int64(parked.key.partition.index))
    crc.add(parked.key.position.value)
    crc.add(parked.source)
    crc.add(parked.stream.category)
    crc.add(parked.stream.id)
    crc.add(parked.orderingKey)
    crc.add(parked.type)
    crc.add(parked.reason)
    crc.add(Int64(parked.attempts))
    crc.add(parked.parkedAt.milliseconds)
    return Int64(crc.value)
  }
}
