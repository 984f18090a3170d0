import Journal

/// A journal whose reads run on a pool's threads.
protocol PooledReader: JournalReader {
  var readers: ReaderPool { get }
}

extension PooledReader {
  package nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream {
    try await readers.query { try $0.load(stream) }
  }

  package nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await readers.query { try $0.events(of: stream, from: version, limit: limit) }
  }

  package nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await readers.query { database in
      try database.marks(of: stream).first { $0.source == source }?.position ?? .start
    }
  }

  package nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] {
    try await readers.query { try $0.cursors(of: subscriber) }
  }

  package nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.dueDeadlines(at: time, limit: limit) }
  }

  package nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? {
    try await readers.query { try $0.nextDeadline(after: time) }
  }

  package nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.deadlines(kind: kind, after: deadline, limit: limit) }
  }

  package nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await readers.query { try $0.deadlines(of: stream) }
  }

  package nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await readers.query { try $0.parked(for: subscriber, after: key, limit: limit) }
  }

  package nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? {
    try await readers.query { try $0.parkedEvent(key) }
  }
}
