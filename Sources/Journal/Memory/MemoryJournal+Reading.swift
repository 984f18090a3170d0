import Synchronization

extension MemoryJournal {
  public nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    SourceStatus(epoch: epoch, heads: tail.heads)
  }

  public nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try query { (store) throws(JournalError) in
      try store.events(in: partition, after: position, limit: limit, file: name)
    }
  }

  public nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await tail.wait(after: heads)
  }

  public nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream {
    try query { (store) throws(JournalError) in
      LoadedStream(
        events: try store.events(of: stream, from: 1, limit: .max, file: name),
        marks: store.marks[stream] ?? [])
    }
  }

  public nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try query { (store) throws(JournalError) in
      try store.events(of: stream, from: version, limit: limit, file: name)
    }
  }

  public nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try query { store in
      store.marks[stream]?.first { $0.source == source }?.position ?? .start
    }
  }

  public nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] {
    try query { $0.cursors[subscriber] ?? [] }
  }

  public nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try query { store in
      let due = store.deadlines.values.filter { $0.dueAt <= time }
      return Array(due.sorted { $0.order < $1.order }.prefix(max(0, limit)))
    }
  }

  public nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? {
    try query { store in
      store.deadlines.values.filter { deadline in time.map { deadline.dueAt > $0 } ?? true }
        .min { $0.order < $1.order }
    }
  }

  public nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try query { store in
      let matching = store.deadlines.values.filter { row in
        (kind ?? row.key.kind) == row.key.kind && (deadline.map { $0.order < row.order } ?? true)
      }
      return Array(matching.sorted { $0.order < $1.order }.prefix(max(0, limit)))
    }
  }

  public nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try query { store in
      store.deadlines.values.filter { $0.key.stream == stream }.sorted { $0.order < $1.order }
    }
  }

  public nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try query { $0.parked(for: subscriber, after: key, limit: limit) }
  }

  public nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? {
    try query { $0.parked[key] }
  }

  private func query<T: Sendable>(
    _ body: (MemoryStore) throws(JournalError) -> T
  ) throws(JournalError) -> T {
    let outcome: Result<T, JournalError> = state.withLock { state in
      guard !state.closed else { return .failure(.closed) }
      do throws(JournalError) { return .success(try body(state.store)) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }
}

extension Deadline {
  fileprivate var order: (Int64, String, String) {
    (dueAt.milliseconds, key.stream.text, key.kind)
  }
}
