/// What a subscriber follows: a journal in this process, one behind a connection, or a carrier
/// such as Kafka whose partitions are the journal's.
public protocol EventSource: Sendable {
  /// The journal's name, e.g. `order`.
  var name: String { get }

  /// Epoch and the head of every partition, as of now.
  nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus

  /// At most `limit` events after `position`, consecutive, from the first that follows it. Empty
  /// when there is none yet. May return fewer than there are: a damaged event is an error only
  /// where it is the first, and the error then tells its position. One that tells none means that
  /// nothing behind `position` can be reached.
  nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent]

  /// The heads, once that of any partition is beyond what `heads` has for it: at once if one
  /// already is. Throws `.cancelled` when the task is cancelled, `.closed` when the source closes.
  nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position]
}

/// A source's epoch and heads at one moment.
public struct SourceStatus: Sendable, Equatable {
  public var epoch: JournalEpoch
  /// The last position of each partition, by its index; 0 for one without events.
  public var heads: [Position]

  public init(epoch: JournalEpoch, heads: [Position]) {
    self.epoch = epoch
    self.heads = heads
  }
}

/// What an audit reads.
public protocol AuditSource: EventSource {
  /// The version of a stream's last event; 0 for a stream that does not exist.
  nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion

  /// Every deadline of one stream.
  nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline]
}

/// The reading half of a journal. Every event read has had its checksum verified; reads never run
/// on the caller's thread.
public protocol JournalReader: AuditSource {
  var partitionCount: Int { get }
  /// The identity of this journal's history.
  var epoch: JournalEpoch { get }

  /// The whole stream and its inbox marks, of one moment. Empty for a stream that does not exist.
  nonisolated(nonsending) func load(
    _ stream: StreamKey
  ) async throws(JournalError) -> LoadedStream

  /// At most `limit` events of the stream from `version` on, in order. Fewer when they are large.
  nonisolated(nonsending) func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent]

  /// How far the stream has taken that source; 0 if never.
  nonisolated(nonsending) func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position

  /// The stored cursors of a subscriber, one per partition it has got anywhere in.
  nonisolated(nonsending) func cursors(
    of subscriber: String
  ) async throws(JournalError) -> [Cursor]

  /// Deadlines due at or before `time`, earliest first.
  nonisolated(nonsending) func dueDeadlines(
    at time: WallTime, limit: Int
  ) async throws(JournalError) -> [Deadline]

  /// The earliest deadline due later than `time`; of all, when nil.
  nonisolated(nonsending) func nextDeadline(
    after time: WallTime?
  ) async throws(JournalError) -> Deadline?

  /// At most `limit` deadlines, of that kind alone unless it is nil, in the order in which they fall
  /// due (then by stream and kind): from the one that follows `deadline`, or the first.
  nonisolated(nonsending) func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline]

  /// Parked events of a subscriber (of all when nil) in the order of subscriber, partition and
  /// position, after `key`; at most `limit`.
  nonisolated(nonsending) func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent]

  /// One parked event, nil when there is none.
  nonisolated(nonsending) func parkedEvent(
    _ key: ParkedKey
  ) async throws(JournalError) -> ParkedEvent?
}

/// An append-only log of one service. It is the state, the outbox, the audit trail and the source
/// of every view at once.
public protocol Journal: JournalReader {
  /// Writes all of it or nothing, and returns only once it is on disk. A conflict fails this
  /// append alone; so does a stream expected to be new that has taken what the append marks. Not
  /// cancellable: once handed over, its outcome is reported.
  nonisolated(nonsending) func append(
    _ append: Append
  ) async throws(JournalError) -> AppendReceipt

  /// Tells of deadlines as they become durable.
  var deadlineSignal: DeadlineSignal { get }
}

/// A stream's events and what it has taken from its sources.
public struct LoadedStream: Sendable, Equatable {
  public var events: [RecordedEvent]
  public var marks: [InboxMark]

  public init(events: [RecordedEvent] = [], marks: [InboxMark] = []) {
    self.events = events
    self.marks = marks
  }

  /// The stream's version: that of its last event.
  public var version: StreamVersion { events.last?.version ?? .none }
}

extension JournalReader {
  public nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion {
    try await load(stream).version
  }

  /// The earliest deadline of all.
  public nonisolated(nonsending) func nextDeadline() async throws(JournalError) -> Deadline? {
    try await nextDeadline(after: nil)
  }

  /// The last position of each partition.
  public nonisolated(nonsending) func heads() async throws(JournalError) -> [Position] {
    try await status().heads
  }
}
