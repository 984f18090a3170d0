import Journal
import SQLite

/// The tables of one kind of view and how a change of them is written. Belongs to the writing
/// connection's thread.
protocol ViewTables: SendableMetatype {
  associatedtype Change: Sendable
  /// What is told of once it is visible.
  associatedtype Changed: Sendable

  /// Takes changes in; they may stay in memory until `flush`. Those up to `taken` have been.
  func apply(_ batch: ViewBatch<Change>, after taken: ViewCursors) throws(SQLiteError)
  /// Writes out what is still in memory, before COMMIT, and says what changed.
  func flush() throws(SQLiteError) -> [Changed]
  /// Forgets everything since the last flush that was committed.
  func rollBack() throws(SQLiteError)
}

/// A view's layout. Any change of the tables, of what a column means or of how events are folded
/// gives it another number: the view is then built anew.
struct ViewSchema: Sendable {
  let name: String
  let version: Int64
  let sql: String

  /// Tables that every view has.
  static let common = """
    CREATE TABLE cursors(
      source TEXT NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL,
      epoch TEXT NOT NULL, PRIMARY KEY(source, part)) WITHOUT ROWID;

    """

  /// Opens for writing and makes the tables in an empty file. Throws `.corrupt` when the file is
  /// damaged or has another layout.
  func open(_ path: String) throws(ViewError) -> Connection {
    do throws(SQLiteError) {
      let connection = try Connection(path: path, mode: .create)
      connection.setBusyTimeout(milliseconds: 5000)
      connection.setDefensive()
      try connection.execute(
        """
        PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192;
        PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;
        """)
      let found = try connection.integer("PRAGMA user_version") ?? 0
      if found == 0 {
        try connection.execute(
          "BEGIN;\n\(Self.common)\(sql)\nPRAGMA user_version=\(version); COMMIT")
      } else if found != version {
        throw otherLayout(found)
      }
      return connection
    } catch { throw ViewError(error, in: path) }
  }

  /// Opens an existing file for queries.
  func openForReading(_ path: String) throws(ViewError) -> Connection {
    do throws(SQLiteError) {
      let connection = try Connection(path: path, mode: .readOnly)
      connection.setBusyTimeout(milliseconds: 5000)
      try connection.execute("PRAGMA cache_size=-4096; PRAGMA query_only=1")
      let found = try connection.integer("PRAGMA user_version") ?? 0
      guard found == version else { throw otherLayout(found) }
      return connection
    } catch { throw ViewError(error, in: path) }
  }

  private func otherLayout(_ found: Int64) -> SQLiteError {
    .damaged("layout \(found) of \(name), this version has \(version)")
  }
}

extension SQLiteError {
  /// SQLITE_CORRUPT, for what SQLite itself cannot see.
  static func damaged(_ message: String) -> SQLiteError { SQLiteError(code: 11, message: message) }
}

extension Connection {
  /// Every cursor stored.
  func viewCursors() throws(SQLiteError) -> ViewCursors {
    let statement = try prepare("SELECT source, part, position, epoch FROM cursors")
    var cursors = ViewCursors()
    while try statement.step() {
      cursors.take(
        ViewCursor(
          partition: Partition(Int(statement.integer(1))),
          position: Position(statement.integer(2)), epoch: JournalEpoch(statement.text(3))),
        of: statement.text(0))
    }
    return cursors
  }
}
