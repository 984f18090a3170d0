public import Journal

/// What a subscriber follows, wherever it is; see `AnyJournal`.
public struct AnyEventSource: AuditSource {
  private let base: any AuditSource

  public init(_ base: any AuditSource) { self.base = base }

  public var name: String { base.name }

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

  public nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion {
    try await base.version(of: stream)
  }

  public nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }
}
