import Journal
import SQLite

/// Rows by key as SQLite holds them.
final class KeyedTables: ViewTables {
  /// The layout, with the fold's own version in it: either makes the view start anew.
  static func schema(_ fold: KeyedFold) -> ViewSchema {
    ViewSchema(
      name: fold.name, version: 1 << 16 | (fold.version & 0xffff),
      sql: """
        CREATE TABLE rows(
          key TEXT PRIMARY KEY, version INTEGER NOT NULL, updated_at INTEGER NOT NULL,
          bytes BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE stalled(
          key TEXT PRIMARY KEY, source TEXT NOT NULL, part INTEGER NOT NULL,
          position INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
        """)
  }

  private let fold: KeyedFold
  private let connection: Connection
  private let find: Statement
  private let put: Statement
  private let remove: Statement
  private let putStall: Statement
  private let onStall: @Sendable (KeyedStall) -> Void
  private var pending: KeyedRows
  private let entriesMax = 256

  /// Opens the file at `path` for writing.
  static func open(
    _ path: String, _ fold: KeyedFold, onStall: @escaping @Sendable (KeyedStall) -> Void
  ) throws(ViewError) -> ViewTransaction<KeyedTables> {
    let connection = try schema(fold).open(path)
    do throws(SQLiteError) {
      let tables = try KeyedTables(connection, fold: fold, onStall: onStall)
      for stall in tables.pending.stalls.values { onStall(stall) }
      return try ViewTransaction(path: path, connection: connection, tables: tables)
    } catch { throw ViewError(error, in: path) }
  }

  init(
    _ connection: Connection, fold: KeyedFold, onStall: @escaping @Sendable (KeyedStall) -> Void
  ) throws(SQLiteError) {
    self.fold = fold
    self.connection = connection
    self.onStall = onStall
    find = try connection.prepare(
      "SELECT key, version, updated_at, bytes FROM rows WHERE key = ?")
    put = try connection.prepare("INSERT OR REPLACE INTO rows VALUES(?,?,?,?)")
    remove = try connection.prepare("DELETE FROM rows WHERE key = ?")
    putStall = try connection.prepare("INSERT OR REPLACE INTO stalled VALUES(?,?,?,?,?)")
    pending = KeyedRows(fold: fold, stalls: try Self.stalls(connection))
  }

  func apply(
    _ batch: ViewBatch<KeyedChange>, after taken: ViewCursors
  ) throws(SQLiteError) {
    try pending.apply(batch, after: taken) { (key) throws(SQLiteError) in
      find.bind(1, key)
      guard try find.step() else { return nil }
      defer { find.reset() }
      return KeyedQueries.row(of: find)
    }
  }

  func flush() throws(SQLiteError) -> [KeyedUpdate] {
    for stall in pending.newStalls {
      putStall.bind(1, stall.key)
      putStall.bind(2, stall.source)
      putStall.bind(3, Int64(stall.partition.index))
      putStall.bind(4, stall.position.value)
      putStall.bind(5, stall.reason)
      try putStall.run()
      onStall(stall)
    }
    let updates = pending.takeChanges(keeping: entriesMax)
    for update in updates {
      if let row = update.row {
        put.bind(1, row.key)
        put.bind(2, row.version)
        put.bind(3, row.updatedAt.milliseconds)
        put.bind(4, row.bytes)
        try put.run()
      } else {
        remove.bind(1, update.key)
        try remove.run()
      }
    }
    return updates
  }

  func rollBack() throws(SQLiteError) {
    pending = KeyedRows(fold: fold, stalls: try Self.stalls(connection))
  }

  private static func stalls(
    _ connection: Connection
  ) throws(SQLiteError) -> [String: KeyedStall] {
    let statement = try connection.prepare(KeyedQueries.selectStalls)
    var stalls: [String: KeyedStall] = [:]
    while try statement.step() {
      let stall = KeyedQueries.stall(of: statement)
      stalls[stall.key] = stall
    }
    return stalls
  }
}

/// The compiled queries of the reading connection. Belongs to its thread.
final class KeyedQueries {
  static let selectStalls = "SELECT key, source, part, position, reason FROM stalled"

  private let byKey: Statement
  private let page: Statement
  private let stallPage: Statement

  /// Those of the file at `path`.
  static func open(_ path: String, _ fold: KeyedFold) throws(ViewError) -> KeyedQueries {
    let connection = try KeyedTables.schema(fold).openForReading(path)
    do throws(SQLiteError) { return try KeyedQueries(connection) } catch {
      throw ViewError(error, in: path)
    }
  }

  init(_ connection: Connection) throws(SQLiteError) {
    let columns = "SELECT key, version, updated_at, bytes FROM rows"
    byKey = try connection.prepare("\(columns) WHERE key = ?")
    page = try connection.prepare("\(columns) WHERE key > ? ORDER BY key LIMIT ?")
    stallPage = try connection.prepare("\(Self.selectStalls) WHERE key > ? ORDER BY key LIMIT ?")
  }

  func row(_ key: String) throws(SQLiteError) -> KeyedRow? {
    byKey.bind(1, key)
    guard try byKey.step() else { return nil }
    defer { byKey.reset() }
    return Self.row(of: byKey)
  }

  func rows(after key: String, limit: Int) throws(SQLiteError) -> [KeyedRow] {
    defer { page.reset() }
    page.bind(1, key)
    page.bind(2, Int64(max(0, limit)))
    var rows: [KeyedRow] = []
    while try page.step() { rows.append(Self.row(of: page)) }
    return rows
  }

  func stalled(after key: String, limit: Int) throws(SQLiteError) -> [KeyedStall] {
    defer { stallPage.reset() }
    stallPage.bind(1, key)
    stallPage.bind(2, Int64(max(0, limit)))
    var stalls: [KeyedStall] = []
    while try stallPage.step() { stalls.append(Self.stall(of: stallPage)) }
    return stalls
  }

  static func row(of statement: Statement) -> KeyedRow {
    KeyedRow(
      key: statement.text(0), version: statement.integer(1),
      updatedAt: WallTime(milliseconds: statement.integer(2)), bytes: statement.blob(3))
  }

  static func stall(of statement: Statement) -> KeyedStall {
    KeyedStall(
      key: statement.text(0), source: statement.text(1),
      partition: Partition(Int(statement.integer(2))),
      position: Position(statement.integer(3)), reason: statement.text(4))
  }
}
