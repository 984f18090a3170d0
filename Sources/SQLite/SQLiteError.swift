import CSQLite

/// What SQLite answered instead of doing what was asked.
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// SQLite's extended result code.
  package let code: Int32
  package let message: String

  package init(code: Int32, message: String) {
    self.code = code
    self.message = message
  }

  /// The primary result code, the low byte of `code`.
  package var primaryCode: Int32 { code & 0xff }

  /// No room left, or the device failed.
  package var isStorageFailure: Bool {
    [SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_NOMEM]
      .contains(primaryCode)
  }

  /// The file is not what SQLite wrote.
  package var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primaryCode) }

  /// Another connection holds the lock.
  package var isBusy: Bool { [SQLITE_BUSY, SQLITE_LOCKED].contains(primaryCode) }

  /// A uniqueness or other constraint refused the row.
  package var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }

  package var description: String { "\(message) (SQLite \(code))" }
}
