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
    return try deadlines(of: select)
  }

  func nextDeadline(after time: WallTime?) throws -> Deadline? {
    let select = try statement(
      "\(Self.deadlines) WHERE d.due_at > ?1 ORDER BY d.due_at LIMIT 1")
    select.bind(1, time?.milliseconds ?? .min)
    return try deadlines(of: select).first
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
    return try deadlines(of: select)
  }

  func deadlines(of stream: StreamKey) throws -> [Deadline] {
    let select = try statement(
      "\(Self.deadlines) WHERE s.id = ?1 AND s.category = ?2 ORDER BY d.due_at")
    select.bind(1, stream.id)
    select.bind(2, stream.category)
    return try deadlines(of: select)
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
    return try parked(of: select)
  }

  func parkedEvent(_ key: ParkedKey) throws -> ParkedEvent? {
    let select = try statement(
      "\(Self.parkedRows) WHERE subscriber = ?1 AND part = ?2 AND position = ?3")
    select.bind(1, key.subscriber)
    select.bind(2, Int64(key.partition.index))
    select.bind(3, key.position.value)
    return try parked(of: select).first
  }

  private static let parkedRows = """
    SELECT subscriber, part, position, source, category, id, ordering_key, type, reason, attempts,
      parked_at, checksum FROM parked
    """

  private func deadlines(of select: Statement) throws -> [Deadline] {
    defer { select.reset() }
    var deadlines: [Deadline] = []
    while try select.step() {
      let key = DeadlineKey(
        stream: StreamKey(category: select.text(0), id: select.text(1)), kind: select.text(2))
      let deadline = Deadline(
        key: key, dueAt: WallTime(milliseconds: select.integer(3)), owner: select.text(4),
        payload: select.text(5))
      guard RowChecksum.of(deadline) == select.integer(6) else {
        throw corruption(key.stream, "the deadline '\(key.kind)' is damaged")
      }
      deadlines.append(deadline)
    }
    return deadlines
  }

  private func parked(of select: Statement) throws -> [ParkedEvent] {
    defer { select.reset() }
    var events: [ParkedEvent] = []
    while try select.step() {
      let event = ParkedEvent(
        key: ParkedKey(
          subscriber: select.text(0), partition: Partition(Int(select.integer(1))),
          position: Position(select.integer(2))),
        source: select.text(3), stream: StreamKey(category: select.text(4), id: select.text(5)),
        orderingKey: select.text(6), type: select.text(7), reason: select.text(8),
        attempts: Int(select.integer(9)), parkedAt: WallTime(milliseconds: select.integer(10)))
      guard RowChecksum.of(event) == select.integer(11) else {
        throw corruption(event.stream, "the parked event \(event.key) is damaged")
      }
      events.append(event)
    }
    return events
  }
}
