public import Journal

extension SQLiteJournal {
  public nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    SourceStatus(epoch: epoch, heads: shared.tail.heads)
  }

  public nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    guard (0..<partitionCount).contains(partition.index) else {
      throw .invalid("no partition \(partition)")
    }
    if let recent = shared.tail.recent(in: partition, after: position, limit: limit) {
      return recent
    }
    return try await readers.query {
      try $0.events(in: partition, after: position, limit: limit)
    }
  }

  public nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await shared.tail.wait(after: heads)
  }

  public nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream {
    try await readers.query { try $0.load(stream) }
  }

  public nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await readers.query { try $0.events(of: stream, from: version, limit: limit) }
  }

  public nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await readers.query { database in
      try database.marks(of: stream).first { $0.source == source }?.position ?? .start
    }
  }

  public nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] {
    try await readers.query { try $0.cursors(of: subscriber) }
  }

  public nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.dueDeadlines(at: time, limit: limit) }
  }

  public nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? {
    try await readers.query { try $0.nextDeadline(after: time) }
  }

  public nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.deadlines(kind: kind, after: deadline, limit: limit) }
  }

  public nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.deadlines(of: stream) }
  }

  public nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await readers.query { try $0.parked(for: subscriber, after: key, limit: limit) }
  }

  public nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? {
    try await readers.query { try $0.parkedEvent(key) }
  }
}
