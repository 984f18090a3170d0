import Journal
import SQLite

extension ReaderDatabase {
  private static let deadlines = """
    SELECT s.category, s.id, d.kind, d.due_at, d.owner, d.payload, d.checksum
    FROM deadlines d LEFT JOIN streams s ON s.no = d.stream
    """

  func dueDeadlines(at time: WallTime, limit: Int) throws -> [Deadline] {
    let select = try statement(
      "\(Self.deadlines) WHERE d.due_at <= ?1 ORDER BY d.due_at LIMIT ?2")
    select.bind(1, time.milliseconds)
    select.bind(2, Int64(max(0, limit)))
    return try sound(select, deadline)
  }

  func nextDeadline(after time: WallTime?) throws -> Deadline? {
    let select = try statement(
      "\(Self.deadlines) WHERE d.due_at > ?1 ORDER BY d.due_at")
    select.bind(1, time?.milliseconds ?? .min)
    return try sound(select, deadline, max: 1).first
  }

  func deadlines(kind: String?, after deadline: Deadline?, limit: Int) throws -> [Deadline] {
    // The first comparison is what the index by time is used for.
    let select = try statement(
      """
      \(Self.deadlines) WHERE d.due_at >= ?1 AND (?2 IS NULL OR d.kind = ?2)
      AND (d.due_at, s.category, s.id, d.kind) > (?1, ?3, ?4, ?5)
      ORDER BY d.due_at, s.category, s.id, d.kind LIMIT ?6
      """)
    select.bind(1, deadline?.dueAt.milliseconds ?? .min)
    select.bind(2, kind)
    select.bind(3, deadline?.key.stream.category ?? "")
    select.bind(4, deadline?.key.stream.id ?? "")
    select.bind(5, deadline?.key.kind ?? "")
    select.bind(6, Int64(max(0, limit)))
    return try sound(select, self.deadline)
  }

  func deadlines(of stream: StreamKey) throws -> [Deadline] {
    let select = try statement(
      "\(Self.deadlines) WHERE s.id = ?1 AND s.category = ?2 ORDER BY d.due_at")
    select.bind(1, stream.id)
    select.bind(2, stream.category)
    return try all(select, deadline)
  }

  func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) throws -> [ParkedEvent] {
    let select = try statement(
      """
      \(Self.parkedRows) WHERE (?1 IS NULL OR subscriber = ?1)
      AND (subscriber, part, position) > (?2, ?3, ?4)
      ORDER BY subscriber, part, position LIMIT ?5
      """)
    select.bind(1, subscriber)
    select.bind(2, key?.subscriber ?? subscriber ?? "")
    select.bind(3, Int64(key?.partition.index ?? -1))
    select.bind(4, key?.position.value ?? 0)
    select.bind(5, Int64(max(0, limit)))
    return try sound(select, parked)
  }

  func parkedEvent(_ key: ParkedKey) throws -> ParkedEvent? {
    let select = try statement(
      "\(Self.parkedRows) WHERE subscriber = ?1 AND part = ?2 AND position = ?3")
    select.bind(1, key.subscriber)
    select.bind(2, Int64(key.partition.index))
    select.bind(3, key.position.value)
    return try all(select, parked).first
  }

  private static let parkedRows = """
    SELECT subscriber, part, position, source, category, id, ordering_key, type, reason, attempts,
      parked_at, checksum FROM parked
    """

  /// Every row; throws when one is damaged.
  private func all<Row>(_ select: Statement, _ row: (Statement) throws -> Row) throws -> [Row] {
    defer { select.reset() }
    var rows: [Row] = []
    while try select.step() { rows.append(try row(select)) }
    return rows
  }

  /// The rows that are not damaged, for those who work through all of them: a damaged one holds up
  /// what it belongs to, and nobody else.
  private func sound<Row>(
    _ select: Statement, _ row: (Statement) throws -> Row, max: Int = .max
  ) throws -> [Row] {
    defer { select.reset() }
    var rows: [Row] = []
    while rows.count < max, try select.step() {
      do { rows.append(try row(select)) } catch let damage as Corruption { tell(of: damage) }
    }
    return rows
  }

  private func deadline(_ row: Statement) throws -> Deadline {
    let key = DeadlineKey(
      stream: StreamKey(category: row.text(0), id: row.text(1)), kind: row.text(2))
    let deadline = Deadline(
      key: key, dueAt: WallTime(milliseconds: row.integer(3)), owner: row.text(4),
      payload: row.text(5))
    guard RowChecksum.of(deadline) == row.integer(6) else {
      throw corruption(key.stream, "the deadline '\(key.kind)' is damaged")
    }
    return deadline
  }

  private func parked(_ row: Statement) throws -> ParkedEvent {
    let event = ParkedEvent(
      key: ParkedKey(
        subscriber: row.text(0), partition: Partition(Int(row.integer(1))),
        position: Position(row.integer(2))),
      source: row.text(3), stream: StreamKey(category: row.text(4), id: row.text(5)),
      orderingKey: row.text(6), type: row.text(7), reason: row.text(8),
      attempts: Int(row.integer(9)), parkedAt: WallTime(milliseconds: row.integer(10)))
    guard RowChecksum.of(event) == row.integer(11) else {
      throw corruption(event.stream, "the parked event \(event.key) is damaged")
    }
    return event
  }
}
