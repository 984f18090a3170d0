import Journal
import Synchronization
import Transport

/// A journal in which something happens just after the deadlines of a stream were read.
final class OvertakenJournal: Journal {
  private let base: MemoryJournal
  private let readsLeft: Mutex<Int>
  private let happen: @Sendable () async throws(RPCError) -> Void

  init(
    _ base: MemoryJournal, afterReads reads: Int,
    _ happen: @escaping @Sendable () async throws(RPCError) -> Void
  ) {
    self.base = base
    self.happen = happen
    readsLeft = Mutex(reads)
  }

  nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    let deadlines = try await base.deadlines(of: stream)
    let isTime = readsLeft.withLock { left in
      left -= 1
      return left == 0
    }
    if isTime {
      do throws(RPCError) { try await happen() } catch { throw .unavailable("\(error)") }
    }
    return deadlines
  }

  var name: String { base.name }
  var partitionCount: Int { base.partitionCount }
  var epoch: JournalEpoch { base.epoch }
  var deadlineSignal: DeadlineSignal { base.deadlineSignal }

  nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt { try await base.append(append) }

  nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    try await base.status()
  }

  nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(partition: partition, after: position, limit: limit)
  }

  nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] { try await base.waitForChange(after: heads) }

  nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream { try await base.load(stream) }

  nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(stream: stream, from: version, limit: limit)
  }

  nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await base.inboxMark(of: stream, from: source)
  }

  nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor] { try await base.cursors(of: subscriber) }

  nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.dueDeadlines(at: time, limit: limit)
  }

  nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline? { try await base.nextDeadline(after: time) }

  nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(kind: kind, after: deadline, limit: limit)
  }

  nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await base.parked(for: subscriber, after: key, limit: limit)
  }

  nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent? { try await base.parkedEvent(key) }
}
