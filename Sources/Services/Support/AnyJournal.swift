package import Journal

/// A journal of any kind. Services are written once for every adapter; one dynamic call is nothing
/// beside the disk behind it.
package struct AnyJournal: Journal {
  private let base: any Journal

  package init(_ base: any Journal) { self.base = base }

  package var name: String { base.name }
  package var partitionCount: Int { base.partitionCount }
  package var epoch: JournalEpoch { base.epoch }
  package var deadlineSignal: DeadlineSignal { base.deadlineSignal }

  package nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt {
    try await base.append(append)
  }

  package nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    try await base.status()
  }

  package nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(partition: partition, after: position, limit: limit)
  }

  package nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await base.waitForChange(after: heads)
  }

  package nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream {
    try await base.load(stream)
  }

  package nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(stream: stream, from: version, limit: limit)
  }

  package nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await base.inboxMark(of: stream, from: source)
  }

  package nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] {
    try await base.cursors(of: subscriber)
  }

  package nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.dueDeadlines(at: time, limit: limit)
  }

  package nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? {
    try await base.nextDeadline(after: time)
  }

  package nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(kind: kind, after: deadline, limit: limit)
  }

  package nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }

  package nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await base.parked(for: subscriber, after: key, limit: limit)
  }

  package nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? {
    try await base.parkedEvent(key)
  }
}
