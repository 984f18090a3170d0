package import Journal

/// What a subscriber follows, wherever it is; see `AnyJournal`.
package struct AnyEventSource: AuditSource {
  private let base: any AuditSource

  package init(_ base: any AuditSource) { self.base = base }

  package var name: String { base.name }

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

  package nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion {
    try await base.version(of: stream)
  }

  package nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }
}
