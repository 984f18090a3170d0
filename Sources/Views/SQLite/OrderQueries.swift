import Journal
import SQLite

/// The compiled queries of the reading connection. Belongs to its thread.
final class OrderQueries {
  private let byID: Statement
  private let byCustomer: Statement
  private let byCustomerAfter: Statement
  private let byStore: Statement
  private let byStoreAfter: Statement
  private let all: Statement
  private let stalled: Statement
  let connection: Connection

  /// Those of the file at `path`.
  static func open(_ path: String) throws(ViewError) -> OrderQueries {
    let connection = try OrderTables.schema.openForReading(path)
    do throws(SQLiteError) { return try OrderQueries(connection) } catch {
      throw ViewError(error, in: path)
    }
  }

  init(_ connection: Connection) throws(SQLiteError) {
    self.connection = connection
    let columns = OrderTables.columns
    byID = try connection.prepare("SELECT \(columns), course FROM orders WHERE order_id = ?1")
    let newest = "ORDER BY placed_at DESC, order_id DESC LIMIT ?2"
    let ofCustomer = "SELECT \(columns) FROM orders WHERE is_listed = 1 AND customer_id = ?1"
    byCustomer = try connection.prepare("\(ofCustomer) \(newest)")
    byCustomerAfter = try connection.prepare(
      "\(ofCustomer) AND (placed_at, order_id) < (?3, ?4) \(newest)")
    let oldest = "ORDER BY placed_at, order_id LIMIT ?2"
    let ofStore = "SELECT \(columns) FROM orders WHERE is_on_board = 1 AND store_id = ?1"
    byStore = try connection.prepare("\(ofStore) \(oldest)")
    byStoreAfter = try connection.prepare(
      "\(ofStore) AND (placed_at, order_id) > (?3, ?4) \(oldest)")
    let byNumber = "order_id > ?1 ORDER BY order_id LIMIT ?2"
    all = try connection.prepare("SELECT \(columns), course FROM orders WHERE \(byNumber)")
    stalled = try connection.prepare(
      "SELECT \(columns), course FROM orders WHERE is_stalled = 1 AND \(byNumber)")
  }

  func order(_ orderID: String) throws(SQLiteError) -> OrderRecord? {
    byID.bind(1, orderID)
    guard try byID.step() else { return nil }
    defer { byID.reset() }
    return try OrderTables.record(of: byID)
  }

  func orders(
    ofCustomer customerID: String, after place: OrderPlace?, limit: Int
  ) throws(SQLiteError) -> [OrderRow] {
    try rows(place == nil ? byCustomer : byCustomerAfter, customerID, place, limit)
  }

  func board(
    ofStore storeID: String, after place: OrderPlace?, limit: Int
  ) throws(SQLiteError) -> [OrderRow] {
    try rows(place == nil ? byStore : byStoreAfter, storeID, place, limit)
  }

  func records(
    afterID orderID: String, stalledOnly: Bool, limit: Int
  ) throws(SQLiteError) -> [OrderRecord] {
    let statement = stalledOnly ? stalled : all
    defer { statement.reset() }
    statement.bind(1, orderID)
    statement.bind(2, Int64(max(0, limit)))
    var records: [OrderRecord] = []
    while try statement.step() { records.append(try OrderTables.record(of: statement)) }
    return records
  }

  private func rows(
    _ statement: Statement, _ owner: String, _ place: OrderPlace?, _ limit: Int
  ) throws(SQLiteError) -> [OrderRow] {
    defer { statement.reset() }
    statement.bind(1, owner)
    statement.bind(2, Int64(max(0, limit)))
    if let place {
      statement.bind(3, place.placedAt.milliseconds)
      statement.bind(4, place.orderID)
    }
    var rows: [OrderRow] = []
    while try statement.step() { rows.append(OrderTables.row(of: statement)) }
    return rows
  }
}
