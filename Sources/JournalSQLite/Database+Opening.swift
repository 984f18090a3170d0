import Journal
import SQLite

/// What stands in a journal's file about itself.
struct JournalIdentity: Sendable {
  var epoch: JournalEpoch
  var partitionCount: Int
}

extension Connection {
  /// Opens the file for writing: settings, schema and identity, made on first use.
  /// - Parameter newEpoch: draws the identity of a journal made anew; nil: nothing is made.
  static func openWriter(
    _ options: SQLiteJournalOptions, newEpoch: (() -> JournalEpoch)?
  ) throws(JournalError) -> (Connection, JournalIdentity) {
    do {
      let mode: Mode = newEpoch == nil ? .existing : .create
      let connection = try Connection(path: options.path, mode: mode, vfs: options.writerVFS)
      try connection.configureWriter(options)
      if newEpoch != nil { try connection.migrate(options.migrations) }
      return (connection, try connection.identity(options, newEpoch: newEpoch))
    } catch { throw openingError(error, options) }
  }

  /// Opens the file for reading; it must exist and have the schema known here.
  static func openReader(_ options: SQLiteJournalOptions) throws(JournalError) -> Connection {
    do {
      let connection = try Connection(path: options.path, mode: .readOnly, vfs: options.vfs)
      connection.setBusyTimeout(milliseconds: 5000)
      connection.setDefensive()
      try connection.execute(
        "PRAGMA cache_size=-\(options.readerCacheKiB); PRAGMA cell_size_check=ON;")
      let known = options.migrations.last?.version ?? 0
      let found = try connection.checkVersion(known: known)
      guard found == known else { throw MigrationError.older(found: found, known: known) }
      return connection
    } catch { throw openingError(error, options) }
  }

  /// Reads the identity without making anything.
  func existingIdentity(_ options: SQLiteJournalOptions) throws(JournalError) -> JournalIdentity {
    do { return try identity(options, newEpoch: nil) } catch {
      throw Self.openingError(error, options)
    }
  }

  private func configureWriter(_ options: SQLiteJournalOptions) throws {
    setBusyTimeout(milliseconds: 5000)
    setDefensive()
    guard try text("PRAGMA journal_mode=WAL") == "wal" else {
      throw JournalError.refused("\(options.path): no write-ahead log on this file system")
    }
    try execute(
      """
      PRAGMA synchronous=\(options.syncsCommits ? "FULL" : "OFF");
      PRAGMA journal_size_limit=67108864;
      PRAGMA cache_size=-\(options.writerCacheKiB); PRAGMA temp_store=MEMORY;
      PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;
      """)
    takeOverCheckpoints()
    guard options.writerVFS == options.vfs || hasPowersafeOverwrite else {
      throw JournalError.refused("\(options.path): opened without powersafe overwrite")
    }
    // Read back: whatever acknowledges relies on it.
    guard try integer("PRAGMA synchronous") == (options.syncsCommits ? 2 : 0) else {
      throw JournalError.refused("\(options.path): synchronous=FULL did not take")
    }
  }

  private func identity(
    _ options: SQLiteJournalOptions, newEpoch: (() -> JournalEpoch)?
  ) throws -> JournalIdentity {
    if let newEpoch, try integer("SELECT count(*) FROM meta") == 0 {
      let count = options.partitionCount
      guard (1...Partition.maximumCount).contains(count) else {
        throw JournalError.refused("\(options.path): \(count) partitions, 1 to 1024 will do")
      }
      let insert = try prepare("INSERT INTO meta(key, value) VALUES(?1, ?2)")
      try execute("BEGIN IMMEDIATE")
      let rows = [
        ("name", options.name), ("epoch", newEpoch().text), ("partitions", "\(count)"),
      ]
      for (key, value) in rows {
        insert.bind(1, key)
        insert.bind(2, value)
        try insert.run()
      }
      try execute("COMMIT")
    }
    let name = try text("SELECT value FROM meta WHERE key='name'")
    guard name == options.name else {
      throw JournalError.refused(
        "\(options.path): the journal of '\(name ?? "")', not of '\(options.name)'")
    }
    let stored = try text("SELECT value FROM meta WHERE key='partitions'").flatMap { Int($0) } ?? 0
    guard stored == options.partitionCount else {
      throw JournalError.refused(
        "\(options.path): has \(stored) partitions, configured are \(options.partitionCount)")
    }
    guard let epoch = try text("SELECT value FROM meta WHERE key='epoch'"), !epoch.isEmpty else {
      throw JournalError.corrupt(Corruption(file: options.path, detail: "no epoch"))
    }
    return JournalIdentity(epoch: JournalEpoch(epoch), partitionCount: stored)
  }

  /// The last position of every partition. Where a damaged page is in the way, that of `known`, and
  /// why, by the partition's index.
  func heads(
    count: Int, orElse known: [Position]? = nil
  ) throws(SQLiteError) -> (heads: [Position], damaged: [Int: SQLiteError]) {
    let last = try prepare(EventRow.last)
    var heads: [Position] = []
    var damaged: [Int: SQLiteError] = [:]
    for index in 0..<count {
      do throws(SQLiteError) {
        heads.append(try EventRow.end(of: Partition(index), last))
      } catch {
        guard error.isCorruption, let known, known.indices.contains(index) else { throw error }
        heads.append(known[index])
        damaged[index] = error
      }
    }
    return (heads, damaged)
  }

  private static func openingError(
    _ error: any Error, _ options: SQLiteJournalOptions
  ) -> JournalError {
    switch error {
    case let error as JournalError: error
    case MigrationError.newer(let found, let known):
      .refused("\(options.path): schema version \(found), this program knows up to \(known)")
    case MigrationError.older(let found, let known):
      .refused("\(options.path): schema version \(found), reading needs \(known)")
    case MigrationError.sqlite(let error): JournalError(error, file: options.path)
    case let error as SQLiteError: JournalError(error, file: options.path)
    default: .unavailable("\(options.path): \(error)")
    }
  }
}

extension JournalError {
  /// What a failure of SQLite means when nothing has been committed.
  init(_ error: SQLiteError, file: String) {
    self =
      error.isCorruption
      ? .corrupt(Corruption(file: file, detail: error.description))
      : .unavailable("\(file): \(error)")
  }
}
