package import Journal

extension SQLiteJournal {
  package nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    SourceStatus(epoch: epoch, heads: shared.tail.heads)
  }

  package nonisolated(nonsending) func read(
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

  package nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await shared.tail.wait(after: heads)
  }
}
