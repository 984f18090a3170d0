import Journal
import SQLite

/// Rows of orders as SQLite holds them.
final class OrderTables: ViewTables {
  /// `course` is `OrderRecord.courseBytes`. Orders have a number so that the table grows at its
  /// end instead of at a random page per order.
  static let schema = ViewSchema(
    name: "dashboard", version: 1,
    sql: """
      CREATE TABLE orders(
        no INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL,
        store_id TEXT NOT NULL, placed_at INTEGER NOT NULL, is_listed INTEGER NOT NULL,
        is_on_board INTEGER NOT NULL, is_stalled INTEGER NOT NULL, stage INTEGER NOT NULL,
        is_terminal INTEGER NOT NULL, is_paid INTEGER NOT NULL, total_won INTEGER NOT NULL,
        order_rider TEXT NOT NULL, delivery_rider TEXT, updated_at INTEGER NOT NULL,
        order_version INTEGER NOT NULL, payment_version INTEGER NOT NULL,
        store_version INTEGER NOT NULL, delivery_version INTEGER NOT NULL,
        payment TEXT NOT NULL, ticket TEXT NOT NULL, delivery TEXT NOT NULL,
        lines BLOB NOT NULL, course BLOB NOT NULL);
      CREATE INDEX orders_of_customers ON orders(customer_id, placed_at, order_id)
        WHERE is_listed = 1;
      CREATE INDEX boards ON orders(store_id, placed_at, order_id) WHERE is_on_board = 1;
      CREATE INDEX stalled ON orders(order_id) WHERE is_stalled = 1;
      """)

  /// Columns that `row(of:)` reads, in its order; `course` follows them where it is wanted.
  static let columns = """
    order_id, customer_id, store_id, placed_at, stage, is_terminal, is_paid, total_won, \
    order_rider, delivery_rider, updated_at, order_version, payment_version, store_version, \
    delivery_version, payment, ticket, delivery, lines
    """

  /// A reference, so that the record is changed in place.
  private final class Entry {
    /// The row's number; nil while it is not in the table.
    var number: Int64?
    var record: OrderRecord
    /// What the indexes see of the row in the table.
    var indexed: Indexed
    var isDirty = false

    init(number: Int64?, record: OrderRecord) {
      self.number = number
      self.record = record
      indexed = Indexed(record)
    }
  }

  private struct Indexed: Equatable {
    var customerID: String
    var storeID: String
    var placedAt: WallTime
    var isListed: Bool
    var isOnBoard: Bool
    var isStalled: Bool

    init(_ record: OrderRecord) {
      customerID = record.row.customerID
      storeID = record.row.storeID
      placedAt = record.row.placedAt
      isListed = record.row.isListed
      isOnBoard = record.row.isOnBoard
      isStalled = !record.stalls.isEmpty
    }
  }

  private let connection: Connection
  private let find: Statement
  private let insert: Statement
  private let update: Statement
  private let updateIndexed: Statement
  /// Rows as the table has them, to spare reading what is still being changed.
  private var cache: [String: Entry] = [:]
  private var dirty: [Entry] = []
  private let cacheMax: Int

  /// Opens the file at `path` for writing.
  static func open(_ path: String) throws(ViewError) -> ViewTransaction<OrderTables> {
    let connection = try schema.open(path)
    do throws(SQLiteError) {
      return try ViewTransaction(
        path: path, connection: connection, tables: try OrderTables(connection))
    } catch { throw ViewError(error, in: path) }
  }

  init(_ connection: Connection, cacheMax: Int = 4096) throws(SQLiteError) {
    self.connection = connection
    self.cacheMax = cacheMax
    find = try connection.prepare(
      "SELECT \(Self.columns), course, no FROM orders WHERE order_id = ?")
    insert = try connection.prepare(
      """
      INSERT INTO orders(
        stage, is_terminal, is_paid, total_won, order_rider, delivery_rider, updated_at,
        order_version, payment_version, store_version, delivery_version, payment, ticket,
        delivery, lines, course, order_id, customer_id, store_id, placed_at, is_listed,
        is_on_board, is_stalled)
      VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)
      """)
    // Writing an indexed column touches its indexes even if its value stays: hence two of them.
    let changing = """
      stage = ?1, is_terminal = ?2, is_paid = ?3, total_won = ?4, order_rider = ?5, \
      delivery_rider = ?6, updated_at = ?7, order_version = ?8, payment_version = ?9, \
      store_version = ?10, delivery_version = ?11, payment = ?12, ticket = ?13, \
      delivery = ?14, lines = ?15, course = ?16
      """
    update = try connection.prepare("UPDATE orders SET \(changing) WHERE no = ?17")
    updateIndexed = try connection.prepare(
      """
      UPDATE orders SET \(changing), customer_id = ?18, store_id = ?19, placed_at = ?20,
        is_listed = ?21, is_on_board = ?22, is_stalled = ?23 WHERE no = ?17
      """)
  }

  /// What was taken before is known by the versions of each row.
  func apply(_ batch: ViewBatch<OrderChange>, after _: ViewCursors) throws(SQLiteError) {
    for change in batch.changes {
      let entry = try entry(change.orderID)
      guard entry.record.apply(change), !entry.isDirty else { continue }
      entry.isDirty = true
      dirty.append(entry)
    }
  }

  func flush() throws(SQLiteError) -> [OrderRecord] {
    var changed: [OrderRecord] = []
    changed.reserveCapacity(dirty.count)
    for entry in dirty {
      try write(entry)
      entry.isDirty = false
      changed.append(entry.record)
    }
    dirty.removeAll(keepingCapacity: true)
    if cache.count > cacheMax { cache.removeAll(keepingCapacity: true) }
    return changed
  }

  func rollBack() {
    cache.removeAll()
    dirty.removeAll()
  }

  private func entry(_ orderID: String) throws(SQLiteError) -> Entry {
    if let cached = cache[orderID] { return cached }
    find.bind(1, orderID)
    let entry: Entry
    if try find.step() {
      defer { find.reset() }
      entry = Entry(number: find.integer(Self.columnCount + 1), record: try Self.record(of: find))
    } else {
      entry = Entry(number: nil, record: OrderRecord(orderID: orderID))
    }
    cache[orderID] = entry
    return entry
  }

  private func write(_ entry: Entry) throws(SQLiteError) {
    let record = entry.record
    let indexed = Indexed(record)
    let isNew = entry.number == nil
    let statement = isNew ? insert : indexed == entry.indexed ? update : updateIndexed
    let row = record.row
    statement.bind(1, Int64(row.stage.code))
    statement.bind(2, row.stage.isTerminal ? 1 : 0)
    statement.bind(3, row.isPaid ? 1 : 0)
    statement.bind(4, row.totalWon)
    statement.bind(5, row.orderRiderID)
    statement.bind(6, row.deliveryRiderID)
    statement.bind(7, row.updatedAt.milliseconds)
    for (at, service) in OrderJournal.allCases.enumerated() {
      statement.bind(8 + Int32(at), row.versions[service])
    }
    statement.bind(12, row.payment)
    statement.bind(13, row.ticket)
    statement.bind(14, row.delivery)
    statement.bind(15, row.lines)
    statement.bind(16, record.courseBytes)
    if let number = entry.number {
      statement.bind(17, number)
    } else {
      statement.bind(17, row.orderID)
    }
    if isNew || indexed != entry.indexed {
      statement.bind(18, indexed.customerID)
      statement.bind(19, indexed.storeID)
      statement.bind(20, indexed.placedAt.milliseconds)
      statement.bind(21, indexed.isListed ? 1 : 0)
      statement.bind(22, indexed.isOnBoard ? 1 : 0)
      statement.bind(23, indexed.isStalled ? 1 : 0)
    }
    try statement.run()
    if isNew { entry.number = connection.lastInsertedRow }
    entry.indexed = indexed
  }
}

extension OrderTables {
  /// How many `columns` are.
  static let columnCount: Int32 = 19

  /// The row that a statement over `columns` stands on.
  static func row(of statement: Statement) -> OrderRow {
    var row = OrderRow(orderID: statement.text(0))
    row.customerID = statement.text(1)
    row.storeID = statement.text(2)
    row.placedAt = WallTime(milliseconds: statement.integer(3))
    row.stage = OrderStage(
      code: Int32(truncatingIfNeeded: statement.integer(4)),
      isTerminal: statement.integer(5) != 0)
    row.isPaid = statement.integer(6) != 0
    row.totalWon = statement.integer(7)
    row.orderRiderID = statement.text(8)
    row.deliveryRiderID = statement.isNull(9) ? nil : statement.text(9)
    row.updatedAt = WallTime(milliseconds: statement.integer(10))
    for (at, service) in OrderJournal.allCases.enumerated() {
      row.versions[service] = statement.integer(11 + Int32(at))
    }
    row.payment = statement.text(15)
    row.ticket = statement.text(16)
    row.delivery = statement.text(17)
    row.lines = statement.blob(18)
    return row
  }

  /// The record that a statement over `columns, course` stands on.
  static func record(of statement: Statement) throws(SQLiteError) -> OrderRecord {
    let row = row(of: statement)
    guard let record = OrderRecord(row: row, courseBytes: statement.blob(columnCount)) else {
      throw .damaged("the course of order \(row.orderID) is not what was written")
    }
    return record
  }
}
