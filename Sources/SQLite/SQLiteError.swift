import CSQLite

/// What SQLite answered instead of doing what was asked.
public struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// SQLite's extended result code.
  public let code: Int32
  public let message: String

  public init(code: Int32, message: String) {
    self.code = code
    self.message = message
  }

  /// The primary result code, the low byte of `code`.
  public var primaryCode: Int32 { code & 0xff }

  /// No room left, or the device failed.
  public var isStorageFailure: Bool {
    [SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_NOMEM]
      .contains(primaryCode)
  }

  /// The file is not what SQLite wrote.
  public var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primaryCode) }

  /// Another connection holds the lock.
  public var isBusy: Bool { [SQLITE_BUSY, SQLITE_LOCKED].contains(primaryCode) }

  /// A uniqueness or other constraint refused the row.
  public var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }

  public var description: String { "\(message) (SQLite \(code))" }
}
