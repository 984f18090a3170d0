package import Journal
import SQLite

/// Rows by key in one SQLite file: one connection writes on its own thread, another answers
/// queries on its own.
package final class SQLiteKeyedView: KeyedView {
  private let place: ViewPlace
  private let writer: ViewWriter<KeyedTables>
  private let reader: DatabaseThread<ViewReader<KeyedQueries>>

  /// Opens `fold`'s view in the directory at `path`; starts an empty one when there is none, or
  /// when the one there is of another version or damaged, as soon as that is seen. An empty one
  /// fills up as its sources are read.
  ///
  /// - Parameters:
  ///   - onStall: told of each key that stands still, now or from now on; must not block.
  ///   - onChange: told of changes once they are visible, in order; must not block.
  package static func open(
    _ fold: KeyedFold, in path: String, restarts: StoreRestarts = StoreRestarts(),
    onStall: @escaping @Sendable (KeyedStall) -> Void = { _ in },
    onChange: @escaping @Sendable ([KeyedUpdate]) -> Void = { _ in }
  ) throws(ViewError) -> SQLiteKeyedView {
    let directory = try ViewDirectory(path: path, name: fold.name)
    return try directory.openOrStart(restarts) { (place) throws(ViewError) in
      try SQLiteKeyedView(at: place, fold: fold, onStall: onStall, onChange: onChange)
    }
  }

  private init(
    at place: ViewPlace, fold: KeyedFold, onStall: @escaping @Sendable (KeyedStall) -> Void,
    onChange: @escaping @Sendable ([KeyedUpdate]) -> Void
  ) throws(ViewError) {
    let writer = try ViewWriter<KeyedTables>(named: fold.name) { () throws(ViewError) in
      try ViewFile<KeyedTables>(at: place) { (path) throws(ViewError) in
        try KeyedTables.open(path, fold, onStall: onStall)
      }
    } publish: {
      if !$0.isEmpty { onChange($0) }
    }
    self.place = place
    self.writer = writer
    reader = try DatabaseThread(
      named: "\(fold.name)-reader", jobsMax: 1024
    ) { () throws(ViewError) in
      try ViewReader<KeyedQueries>(at: place) { (path) throws(ViewError) in
        try KeyedQueries.open(path, fold)
      } failed: {
        writer.startAnew(insteadOf: $0, because: $1)
      }
    }
  }

  /// The file's path.
  package var path: String { place.path }
  package var restarts: StoreRestarts { place.restarts }

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
    try await reader.run { (reader) throws(ViewError) in try reader.ask(body) }
  }
}
