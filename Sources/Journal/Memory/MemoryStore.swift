/// The rows of a journal in memory, and the rules by which an append changes them.
struct MemoryStore: Sendable {
  struct Row: Sendable {
    var event: RecordedEvent
    var checksum: UInt32
  }

  let partitionCount: Int
  private(set) var partitions: [[Row]]
  private(set) var streams: [StreamKey: [Position]] = [:]
  private(set) var marks: [StreamKey: [InboxMark]] = [:]
  private(set) var cursors: [String: [Cursor]] = [:]
  private(set) var deadlines: [DeadlineKey: Deadline] = [:]
  private(set) var parked: [ParkedKey: ParkedEvent] = [:]

  init(partitionCount: Int) {
    self.partitionCount = partitionCount
    partitions = Array(repeating: [], count: partitionCount)
  }

  var heads: [Position] { partitions.map { Position(Int64($0.count)) } }

  func version(of stream: StreamKey) -> StreamVersion {
    StreamVersion(Int64(streams[stream]?.count ?? 0))
  }

  /// Applies it whole, or throws the conflict and changes nothing.
  mutating func apply(
    _ append: Append, at time: WallTime, recorded: inout [RecordedEvent]
  ) throws(JournalError) -> AppendReceipt {
    for entry in append.streams {
      let actual = version(of: entry.stream)
      guard actual == entry.expectedVersion, actual != .none || !isTaken(append, by: entry.stream)
      else {
        throw .versionConflict(
          stream: entry.stream, expected: entry.expectedVersion, actual: actual)
      }
    }
    let receipts = append.streams.map { add($0, at: time, recorded: &recorded) }
    for mark in append.marks { take(mark) }
    for cursor in append.cursors { store(cursor) }
    for change in append.deadlines { apply(change) }
    for change in append.parked {
      switch change {
      case .put(let event): parked[event.key] = event
      case .remove(let key): parked.removeValue(forKey: key)
      }
    }
    return AppendReceipt(streams: receipts, recordedAt: time)
  }

  private mutating func add(
    _ entry: StreamAppend, at time: WallTime, recorded: inout [RecordedEvent]
  ) -> StreamReceipt {
    let partition = entry.stream.partition(of: partitionCount)
    var version = entry.expectedVersion
    for event in entry.events {
      version = version.advanced(by: 1)
      let position = Position(Int64(partitions[partition.index].count) + 1)
      let row = RecordedEvent(
        partition: partition, position: position, stream: entry.stream, version: version,
        id: event.id, type: event.type, payload: event.payload, metadata: event.metadata,
        recordedAt: time)
      partitions[partition.index].append(Row(event: row, checksum: row.checksum))
      streams[entry.stream, default: []].append(position)
      recorded.append(row)
    }
    return StreamReceipt(
      stream: entry.stream, partition: partition,
      lastPosition: Position(Int64(partitions[partition.index].count)), version: version)
  }

  /// Whether a stream that has no event yet has taken what the append marks.
  private func isTaken(_ append: Append, by stream: StreamKey) -> Bool {
    guard let marks = marks[stream] else { return false }
    return append.marks.contains {
      $0.stream == stream && marks.haveTaken($0.position, from: $0.source)
    }
  }

  private mutating func take(_ mark: InboxMark) {
    var marks = self.marks[mark.stream] ?? []
    if let at = marks.firstIndex(where: { $0.source == mark.source }) {
      marks[at].position = max(marks[at].position, mark.position)
    } else {
      marks.append(mark)
    }
    self.marks[mark.stream] = marks
  }

  private mutating func store(_ cursor: Cursor) {
    var cursors = self.cursors[cursor.subscriber] ?? []
    cursors.removeAll { $0.partition == cursor.partition }
    cursors.append(cursor)
    cursors.sort { $0.partition < $1.partition }
    self.cursors[cursor.subscriber] = cursors
  }

  private mutating func apply(_ change: DeadlineChange) {
    switch change {
    case .set(let deadline): deadlines[deadline.key] = deadline
    case .clear(let key): deadlines.removeValue(forKey: key)
    case .clearDue(let key, at: let time):
      if deadlines[key]?.dueAt == time { deadlines.removeValue(forKey: key) }
    }
  }

  /// Flips a byte of a stored payload (of the time, when it has none), as a failing disk would.
  mutating func damage(_ partition: Partition, _ position: Position) {
    let at = Int(position.value) - 1
    guard partitions.indices.contains(partition.index),
      partitions[partition.index].indices.contains(at)
    else { return }
    let event = partitions[partition.index][at].event
    var payload = event.payload
    if payload.isEmpty { payload = [0] } else { payload[0] ^= 0x10 }
    partitions[partition.index][at].event = RecordedEvent(
      partition: event.partition, position: event.position, stream: event.stream,
      version: event.version, id: event.id, type: event.type, payload: payload,
      metadata: event.metadata, recordedAt: event.recordedAt)
  }
}

extension MemoryStore {
  /// The event, its checksum verified.
  func event(
    _ partition: Partition, _ position: Position, file: String
  ) throws(JournalError) -> RecordedEvent {
    let row = partitions[partition.index][Int(position.value) - 1]
    guard row.event.checksum == row.checksum else {
      throw .corrupt(
        Corruption(
          file: file, stream: row.event.stream, version: row.event.version, partition: partition,
          position: position, detail: "the event's checksum does not match"))
    }
    return row.event
  }

  func events(
    of stream: StreamKey, from version: StreamVersion, limit: Int, file: String
  ) throws(JournalError) -> [RecordedEvent] {
    let positions = streams[stream] ?? []
    let first = max(0, Int(clamping: version.value) - 1)
    guard first < positions.count, limit > 0 else { return [] }
    let partition = stream.partition(of: partitionCount)
    var events: [RecordedEvent] = []
    for position in positions[first...].prefix(limit) {
      events.append(try event(partition, position, file: file))
    }
    return events
  }

  func events(
    in partition: Partition, after position: Position, limit: Int, file: String
  ) throws(JournalError) -> [RecordedEvent] {
    guard partitions.indices.contains(partition.index) else {
      throw .invalid("no partition \(partition)")
    }
    let count = partitions[partition.index].count
    let after = max(0, Int(clamping: position.value))
    guard after < count, limit > 0 else { return [] }
    var events: [RecordedEvent] = []
    for at in (after + 1)...min(count, after + min(limit, count)) {
      do throws(JournalError) {
        events.append(try event(partition, Position(Int64(at)), file: file))
      } catch {
        guard events.isEmpty else { break }
        throw error
      }
    }
    return events
  }

  func parked(for subscriber: String?, after key: ParkedKey?, limit: Int) -> [ParkedEvent] {
    let matching = parked.values.filter { event in
      (subscriber == nil || event.key.subscriber == subscriber)
        && (key.map { $0.order < event.key.order } ?? true)
    }
    return Array(matching.sorted { $0.key.order < $1.key.order }.prefix(max(0, limit)))
  }
}

extension ParkedKey {
  fileprivate var order: (String, Int, Int64) { (subscriber, partition.index, position.value) }
}
