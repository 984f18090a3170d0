import CGather
package import Journal
import SQLite

/// How a SQLite journal is opened, and its bounds.
package struct SQLiteJournalOptions: Sendable {
  /// The database file; `-wal`, `-shm` and `-lock` stand beside it.
  package var path: String
  /// The journal's name, e.g. `order`; a file made under another name is refused.
  package var name: String
  /// Fixed when the file is made; another number is refused afterwards.
  package var partitionCount = Partition.defaultCount
  /// The registered SQLite VFS to use; the default one when nil.
  package var vfs: String?
  /// Only tests of tests turn it off: then nothing is synced, and a power cut loses what was
  /// acknowledged.
  package var syncsCommits = true

  /// Appends in one transaction.
  package var groupAppendsMax = 512
  /// Appends that may wait; beyond it they are `.overloaded`.
  package var waitingAppendsMax = 8192
  /// Reads that may wait; beyond it they are `.overloaded`.
  package var waitingReadsMax = 8192
  /// Threads that read, each with a connection.
  package var readerThreads = 2
  /// Streams whose version the writer remembers.
  package var rememberedStreamsMax = 32_768
  /// The writer checkpoints after this long without work, milliseconds …
  package var idleCheckpointMilliseconds = 1000
  /// … or after a transaction with which the log has so many pages, whichever is first.
  package var checkpointPages = 10_000
  /// A log with more pages that cannot be copied is trouble: it takes too long to recover.
  package var logPagesMax = 160_000
  /// Events of one read stop after this many payload bytes.
  package var readBytesMax = 4 * 1024 * 1024
  /// Page cache of the writer and of each reader, KiB.
  package var writerCacheKiB = 8192
  package var readerCacheKiB = 2048
  package var appendLimits = AppendLimits()
  package var tailLimits = EventTail.Limits()
  package var migrations = Migration.all
  /// Told, on the writer's thread, how many nanoseconds each transaction took, from its begin to
  /// the end of its COMMIT.
  package var committed: (@Sendable (_ nanoseconds: Int64) -> Void)?
  /// Told, on the writer's thread, why the log cannot be kept short any more, and nil when it can
  /// again.
  package var checkpointTrouble: (@Sendable (CheckpointTrouble?) -> Void)?
  /// Told, on a reader's thread, of a damaged row that was passed over, so that it holds up nobody
  /// else: of each about once.
  package var damaged: (@Sendable (Corruption) -> Void)?

  package init(path: String, name: String) {
    self.path = path
    self.name = name
  }
}

extension SQLiteJournalOptions {
  /// The VFS of the writing connection: one write for all frames of a transaction, which needs
  /// every transaction synced.
  var writerVFS: String? {
    Connection.configureLibrary
    guard syncsCommits, let gathering = gather_vfs(vfs) else { return vfs }
    return String(cString: gathering)
  }
}

/// What a journal has done since it was opened.
package struct JournalStatistics: Sendable, Equatable {
  /// Transactions committed with something in them.
  package var commits = 0
  /// Appends acknowledged.
  package var appends = 0
  package var events = 0
  package var conflicts = 0
  /// Appends refused because the storage failed before COMMIT.
  package var unavailable = 0
  /// Appends whose outcome was unknown.
  package var unknown = 0
  /// Times the database was closed and opened again after a failure.
  package var reopenings = 0
}
