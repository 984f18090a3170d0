public import Journal

/// A journal of any kind. Services are written once for every adapter; one dynamic call is nothing
/// beside the disk behind it.
public struct AnyJournal: Journal {
  private let base: any Journal

  public init(_ base: any Journal) { self.base = base }

  public var name: String { base.name }
  public var partitionCount: Int { base.partitionCount }
  public var epoch: JournalEpoch { base.epoch }
  public var deadlineSignal: DeadlineSignal { base.deadlineSignal }

  public nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt {
    try await base.append(append)
  }

  public nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    try await base.status()
  }

  public nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(partition: partition, after: position, limit: limit)
  }

  public nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await base.waitForChange(after: heads)
  }

  public nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream {
    try await base.load(stream)
  }

  public nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(stream: stream, from: version, limit: limit)
  }

  public nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await base.inboxMark(of: stream, from: source)
  }

  public nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] {
    try await base.cursors(of: subscriber)
  }

  public nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.dueDeadlines(at: time, limit: limit)
  }

  public nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? {
    try await base.nextDeadline(after: time)
  }

  public nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(kind: kind, after: deadline, limit: limit)
  }

  public nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }

  public nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await base.parked(for: subscriber, after: key, limit: limit)
  }

  public nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? {
    try await base.parkedEvent(key)
  }
}
