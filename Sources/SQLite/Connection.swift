import CSQLite

/// One connection to a database file. Not `Sendable`: it belongs to whoever made it, one thread at
/// a time, and is opened without SQLite's own mutex for that reason.
package final class Connection {
  package enum Mode: Sendable {
    /// Opens for writing, and makes the file if there is none.
    case create
    /// Opens an existing file for writing.
    case existing
    /// Opens an existing file for reading; writes fail.
    case readOnly
  }

  package let path: String
  let handle: OpaquePointer
  /// Pages of the write-ahead log after the latest commit here, once `takeOverCheckpoints` was
  /// called.
  package private(set) var logPages = 0

  /// How the library is used in this process; to be read before its first use. SQLite counts what it
  /// allocates under a lock that all connections share, and Debian's makes an allocation for each
  /// cursor of each statement. Where the library is in use already, it stays as it is.
  package static let configureLibrary: Void = {
    _ = baedal_sqlite3_without_memory_statistics()
  }()

  /// - Parameter vfs: the name of a registered SQLite VFS; the default one when nil.
  package init(path: String, mode: Mode, vfs: String? = nil) throws(SQLiteError) {
    let flags =
      switch mode {
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .existing: SQLITE_OPEN_READWRITE
      case .readOnly: SQLITE_OPEN_READONLY
      }
    Self.configureLibrary
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, vfs)
    guard let opened else {
      throw SQLiteError(code: code, message: "\(path): out of memory")
    }
    guard code == SQLITE_OK else {
      let error = SQLiteError(
        code: sqlite3_extended_errcode(opened),
        message: "\(path): \(String(cString: sqlite3_errmsg(opened)))")
      sqlite3_close_v2(opened)
      throw error
    }
    sqlite3_extended_result_codes(opened, 1)
    self.path = path
    handle = opened
  }

  deinit {
    // Statements hold their connection, so that none is left by now.
    sqlite3_close_v2(handle)
  }

  /// Runs one or several statements and drops what they return.
  package func execute(_ sql: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// Compiles one statement, to be used many times.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v3(
      handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK else { throw error(code) }
    guard let prepared else {
      throw SQLiteError(code: SQLITE_MISUSE, message: "an empty statement")
    }
    return Statement(prepared, of: self)
  }

  /// The first column of the first row as an integer; nil without a row.
  package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : nil
  }

  /// The first column of the first row as text; nil without a row.
  package func text(_ sql: String) throws(SQLiteError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// Whether a power cut harms nothing beside the bytes of the write it interrupts, as SQLite
  /// assumes unless it is told otherwise.
  package var hasPowersafeOverwrite: Bool {
    var answer: Int32 = -1
    let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &answer)
    return code == SQLITE_OK && answer == 1
  }

  /// From now on SQLite makes no checkpoints of its own, whose failures nobody hears of; `logPages`
  /// tells when it is time for one.
  package func takeOverCheckpoints() {
    sqlite3_wal_hook(
      handle,
      { connection, _, _, pages in
        guard let connection else { return SQLITE_OK }
        Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().logPages = Int(pages)
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Syncs the write-ahead log's file, which SQLite does not do after cutting it to nothing.
  package func syncLog() throws(SQLiteError) {
    let code = baedal_sqlite3_sync_log(handle)
    guard code == SQLITE_OK else {
      throw SQLiteError(code: code, message: "\(path): its log cannot be synced")
    }
  }

  /// Whether no transaction is open.
  package var isAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

  /// The rowid of the latest insert.
  package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// How long a statement waits for another connection's lock, in milliseconds.
  package func setBusyTimeout(milliseconds: Int32) {
    sqlite3_busy_timeout(handle, milliseconds)
  }

  /// Refuses SQL that could damage the file, such as writable_schema.
  package func setDefensive() { _ = baedal_sqlite3_defensive(handle) }

  func error(_ code: Int32) -> SQLiteError {
    SQLiteError(
      code: sqlite3_extended_errcode(handle) & 0xff == code & 0xff
        ? sqlite3_extended_errcode(handle) : code,
      message: String(cString: sqlite3_errmsg(handle)))
  }
}
