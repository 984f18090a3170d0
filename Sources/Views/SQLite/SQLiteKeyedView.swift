import SQLite

/// Rows by key in one SQLite file: one connection writes on its own thread, another answers
/// queries on its own.
package final class SQLiteKeyedView: KeyedView {
  /// The file's path.
  package let path: String
  private let writer: ViewWriter<KeyedTables>
  private let reader: DatabaseThread<KeyedQueries>

  /// Opens `fold`'s view in the directory at `path`; starts an empty one when there is none, or
  /// when the one there is of another version or damaged. An empty one fills up as its sources
  /// are read.
  ///
  /// - Parameter onChange: told of changes once they are visible, in order; must not block.
  package static func open(
    _ fold: KeyedFold, in path: String,
    onChange: @escaping @Sendable ([KeyedUpdate]) -> Void = { _ in }
  ) throws(ViewError) -> SQLiteKeyedView {
    let directory = try ViewDirectory(path: path, name: fold.name)
    return try directory.openOrStart { (file) throws(ViewError) in
      try SQLiteKeyedView(path: file, fold: fold, onChange: onChange)
    }
  }

  private init(
    path: String, fold: KeyedFold, onChange: @escaping @Sendable ([KeyedUpdate]) -> Void
  ) throws(ViewError) {
    self.path = path
    let schema = KeyedTables.schema(fold)
    writer = try ViewWriter(named: fold.name) { () throws(ViewError) in
      let connection = try schema.open(path)
      do throws(SQLiteError) {
        return try ViewTransaction(
          path: path, connection: connection, tables: try KeyedTables(connection, fold: fold))
      } catch { throw ViewError(error, in: path) }
    } publish: {
      if !$0.isEmpty { onChange($0) }
    }
    reader = try DatabaseThread(
      named: "\(fold.name)-reader", jobsMax: 1024
    ) { () throws(ViewError) in
      let connection = try schema.openForReading(path)
      do throws(SQLiteError) { return try KeyedQueries(connection) } catch {
        throw ViewError(error, in: path)
      }
    }
  }

  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await writer.cursors()
  }

  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<KeyedChange>
  ) async throws(ViewError) {
    try await writer.apply(batch)
  }

  package nonisolated(nonsending) func row(_ key: String) async throws(ViewError) -> KeyedRow? {
    try await query { (queries) throws(SQLiteError) in try queries.row(key) }
  }

  package nonisolated(nonsending) func rows(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedRow] {
    try await query { (queries) throws(SQLiteError) in
      try queries.rows(after: key, limit: limit)
    }
  }

  package nonisolated(nonsending) func stalled(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedStall] {
    try await query { (queries) throws(SQLiteError) in
      try queries.stalled(after: key, limit: limit)
    }
  }

  package nonisolated(nonsending) func close() async {
    await reader.close()
    await writer.close()
  }

  private nonisolated(nonsending) func query<T: Sendable>(
    _ body: @escaping @Sendable (KeyedQueries) throws(SQLiteError) -> T
  ) async throws(ViewError) -> T {
    let path = path
    return try await reader.run { (queries) throws(ViewError) in
      do throws(SQLiteError) { return try body(queries) } catch {
        throw ViewError(error, in: path)
      }
    }
  }
}
