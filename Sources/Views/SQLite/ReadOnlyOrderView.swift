package import Journal
import SQLite

/// A view's file as it is at one moment, for comparisons: cursors and rows of one snapshot, also
/// while its owner, in this process or another, goes on writing. Writes nothing.
///
/// The snapshot keeps the owner's write-ahead log from being cut; close it when done.
package final class ReadOnlyOrderView: OrderView {
  /// The file's path.
  package let path: String
  package let changes = OrderChanges(subscribersMax: 0)
  package let restarts = StoreRestarts()
  private let reader: DatabaseThread<OrderQueries>

  /// Opens the view in use in `directory`. Throws `.unavailable` when there is none, `.corrupt`
  /// when it has another layout or is damaged.
  package init(in directory: ViewDirectory) throws(ViewError) {
    guard let path = directory.current else {
      throw .unavailable("\(directory.path): there is no view called \(directory.name)")
    }
    self.path = path
    reader = try DatabaseThread(named: "orders-snapshot", jobsMax: 64) { () throws(ViewError) in
      let connection = try OrderTables.schema.openForReading(path)
      do throws(SQLiteError) {
        try connection.execute("BEGIN")
        // A transaction takes its snapshot with its first read.
        _ = try connection.viewCursors()
        return try OrderQueries(connection)
      } catch { throw ViewError(error, in: path) }
    }
  }

  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await query { (queries) throws(SQLiteError) in try queries.connection.viewCursors() }
  }

  /// Always throws `.invalid`.
  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<OrderChange>
  ) async throws(ViewError) {
    throw .invalid("\(path) is open for reading only")
  }

  package nonisolated(nonsending) func order(
    _ orderID: String
  ) async throws(ViewError) -> OrderRecord? {
    try await query { (queries) throws(SQLiteError) in try queries.order(orderID) }
  }

  package nonisolated(nonsending) func orders(
    ofCustomer customerID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try await query { (queries) throws(SQLiteError) in
      try queries.orders(ofCustomer: customerID, after: place, limit: limit)
    }
  }

  package nonisolated(nonsending) func board(
    ofStore storeID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try await query { (queries) throws(SQLiteError) in
      try queries.board(ofStore: storeID, after: place, limit: limit)
    }
  }

  package nonisolated(nonsending) func records(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try await query { (queries) throws(SQLiteError) in
      try queries.records(afterID: orderID, stalledOnly: false, limit: limit)
    }
  }

  package nonisolated(nonsending) func stalled(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try await query { (queries) throws(SQLiteError) in
      try queries.records(afterID: orderID, stalledOnly: true, limit: limit)
    }
  }

  package nonisolated(nonsending) func close() async { await reader.close() }

  private nonisolated(nonsending) func query<T: Sendable>(
    _ body: @escaping @Sendable (OrderQueries) throws(SQLiteError) -> T
  ) async throws(ViewError) -> T {
    let path = path
    return try await reader.run { (queries) throws(ViewError) in
      do throws(SQLiteError) { return try body(queries) } catch {
        throw ViewError(error, in: path)
      }
    }
  }
}
