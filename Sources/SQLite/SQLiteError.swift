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

  /// The file is not what SQLite wrote.
  package var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primaryCode) }

  package var description: String { "\(message) (SQLite \(code))" }
}
