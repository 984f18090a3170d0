package import Journal
import SQLite

/// A journal's file opened for reading only, beside a running writer or without one: for audits.
/// Takes no lock that a writer would feel, never checkpoints, and does not follow: `waitForChange`
/// is refused.
package final class SQLiteJournalReader: JournalReader, PooledReader {
  package let name: String
  package let epoch: JournalEpoch
  package let partitionCount: Int
  let readers: ReaderPool

  /// Throws `.refused` for a file of another schema version, name or partition count.
  package static func open(
    _ options: SQLiteJournalOptions
  ) async throws(JournalError) -> SQLiteJournalReader {
    let readers = try ReaderPool(options)
    do throws(JournalError) {
      let identity = try await readers.query { _ in
        try Connection.openReader(options).existingIdentity(options)
      }
      return SQLiteJournalReader(options.name, identity, readers)
    } catch {
      readers.close()
      throw error
    }
  }

  private init(_ name: String, _ identity: JournalIdentity, _ readers: ReaderPool) {
    self.name = name
    self.readers = readers
    epoch = identity.epoch
    partitionCount = identity.partitionCount
  }

  deinit { readers.close() }

  /// What SQLite's own check of every table and index finds, at most `limit` lines; empty when all
  /// is well. Reads the whole file.
  package nonisolated(nonsending) func integrityErrors(
    limit: Int
  ) async throws(JournalError) -> [String] {
    try await readers.query { try $0.integrityErrors(limit: limit) }
  }

  package nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    let count = partitionCount
    let heads = try await readers.query { try $0.heads(count: count) }
    return SourceStatus(epoch: epoch, heads: heads)
  }

  package nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    guard (0..<partitionCount).contains(partition.index) else {
      throw .invalid("no partition \(partition)")
    }
    return try await readers.query {
      try $0.events(in: partition, after: position, limit: limit)
    }
  }

  package nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    throw .invalid("\(name) is open for reading only and does not follow")
  }
}
