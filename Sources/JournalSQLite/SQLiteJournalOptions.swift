import CGather
public import Journal

/// How a SQLite journal is opened, and its bounds.
public struct SQLiteJournalOptions: Sendable {
  /// The database file; `-wal`, `-shm` and `-lock` stand beside it.
  public var path: String
  /// The journal's name, e.g. `order`; a file made under another name is refused.
  public var name: String
  /// Fixed when the file is made; another number is refused afterwards.
  public var partitionCount = Partition.defaultCount
  /// The registered SQLite VFS to use; the default one when nil.
  public var vfs: String?
  /// Only tests of tests turn it off: then nothing is synced, and a power cut loses what was
  /// acknowledged.
  public var syncsCommits = true

  /// Appends in one transaction.
  public var groupAppendsMax = 512
  /// Appends that may wait; beyond it they are `.overloaded`.
  public var waitingAppendsMax = 8192
  /// Reads that may wait; beyond it they are `.overloaded`.
  public var waitingReadsMax = 8192
  /// Threads that read, each with a connection.
  public var readerThreads = 2
  /// Streams whose version the writer remembers.
  public var rememberedStreamsMax = 32_768
  /// The writer checkpoints after this long without work, milliseconds.
  public var idleCheckpointMilliseconds = 1000
  /// Events of one read stop after this many payload bytes.
  public var readBytesMax = 4 * 1024 * 1024
  /// Page cache of the writer and of each reader, KiB.
  public var writerCacheKiB = 8192
  public var readerCacheKiB = 2048
  public var appendLimits = AppendLimits()
  public var tailLimits = EventTail.Limits()
  public var migrations = Migration.all
  /// Told, on the writer's thread, how many nanoseconds each transaction took, from its begin to
  /// the end of its COMMIT.
  public var committed: (@Sendable (_ nanoseconds: Int64) -> Void)?

  public init(path: String, name: String) {
    self.path = path
    self.name = name
  }
}

extension SQLiteJournalOptions {
  /// The VFS of the writing connection: one write for all frames of a transaction, which needs
  /// every transaction synced.
  var writerVFS: String? {
    guard syncsCommits, let gathering = gather_vfs(vfs) else { return vfs }
    return String(cString: gathering)
  }
}

/// What a journal has done since it was opened.
public struct JournalStatistics: Sendable, Equatable {
  /// Transactions committed with something in them.
  public var commits = 0
  /// Appends acknowledged.
  public var appends = 0
  public var events = 0
  public var conflicts = 0
  /// Appends refused because the storage failed before COMMIT.
  public var unavailable = 0
  /// Appends whose outcome was unknown.
  public var unknown = 0
  /// Times the database was closed and opened again after a failure.
  public var reopenings = 0
}
