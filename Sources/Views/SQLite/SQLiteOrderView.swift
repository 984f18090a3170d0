package import Journal
import SQLite
import Synchronization

/// The rows in one SQLite file: one connection writes on its own thread, another answers queries
/// on its own.
package final class SQLiteOrderView: OrderView {
  private let place: ViewPlace
  private let teller: Teller
  private let writer: ViewWriter<OrderTables>
  private let reader: DatabaseThread<ViewReader<OrderQueries>>

  /// Opens the view in use in `directory`; starts an empty one when there is none, or when the
  /// one there has another layout or is damaged, as soon as that is seen. An empty one fills up as
  /// its sources are read.
  package static func open(
    in directory: ViewDirectory, changes: OrderChanges = OrderChanges(),
    restarts: StoreRestarts = StoreRestarts()
  ) throws(ViewError) -> SQLiteOrderView {
    try directory.openOrStart(restarts) { (place) throws(ViewError) in
      try SQLiteOrderView(at: place, changes: changes, tells: true)
    }
  }

  /// Starts an empty view beside the one in use, which stays in use. It tells nobody of its
  /// changes until `startTelling`.
  package static func create(
    beside directory: ViewDirectory, changes: OrderChanges = OrderChanges(),
    restarts: StoreRestarts = StoreRestarts()
  ) throws(ViewError) -> SQLiteOrderView {
    let place = ViewPlace(try directory.makeNext(), in: directory, restarts: restarts)
    return try SQLiteOrderView(at: place, changes: changes, tells: false)
  }

  private init(at place: ViewPlace, changes: OrderChanges, tells: Bool) throws(ViewError) {
    let teller = Teller(changes, isOn: tells)
    let writer = try ViewWriter<OrderTables>(named: "orders") { () throws(ViewError) in
      try ViewFile<OrderTables>(at: place) { (path) throws(ViewError) in
        try OrderTables.open(path)
      }
    } publish: {
      teller.tell($0)
    }
    if tells { writer.pace(Self.interval) }
    self.place = place
    self.teller = teller
    self.writer = writer
    reader = try DatabaseThread(named: "orders-reader", jobsMax: 1024) { () throws(ViewError) in
      try ViewReader<OrderQueries>(at: place) { (path) throws(ViewError) in
        try OrderQueries.open(path)
      } failed: {
        writer.startAnew(insteadOf: $0, because: $1)
      }
    }
  }

  /// The file's path.
  package var path: String { place.path }
  package var changes: OrderChanges { teller.changes }
  package var restarts: StoreRestarts { place.restarts }

  /// From the next commit on, tells `changes`.
  package func startTelling() {
    teller.start()
    writer.pace(Self.interval)
  }

  /// Between two transactions of a view in use: what it lags behind at most for that reason.
  private static let interval = Duration.milliseconds(20)

  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await writer.cursors()
  }

  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<OrderChange>
  ) async throws(ViewError) {
    try await writer.apply(batch)
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

  package nonisolated(nonsending) func close() async {
    await reader.close()
    await writer.close()
  }

  private nonisolated(nonsending) func query<T: Sendable>(
    _ body: @escaping @Sendable (OrderQueries) throws(SQLiteError) -> T
  ) async throws(ViewError) -> T {
    try await reader.run { (reader) throws(ViewError) in try reader.ask(body) }
  }
}

/// Passes changes on, or keeps quiet while a view is being built.
private final class Teller: Sendable {
  let changes: OrderChanges
  private let isOn: Atomic<Bool>

  init(_ changes: OrderChanges, isOn: Bool) {
    self.changes = changes
    self.isOn = Atomic(isOn)
  }

  func start() { isOn.store(true, ordering: .releasing) }

  func tell(_ records: [OrderRecord]) {
    if isOn.load(ordering: .acquiring) { changes.publish(records) }
  }
}

extension ViewDirectory {
  /// Opens the file in use, or a new one in its place when it is missing, damaged or of another
  /// layout.
  func openOrStart<View>(
    _ restarts: StoreRestarts, _ open: (ViewPlace) throws(ViewError) -> View
  ) throws(ViewError) -> View {
    removeOthers()
    if let path = current {
      do throws(ViewError) {
        return try open(ViewPlace(path, in: self, restarts: restarts))
      } catch {
        // Built anew below; the journals have everything that was in it.
        guard case .corrupt = error else { throw error }
        restarts.tell("\(error)")
      }
    }
    let path = try makeNext()
    let view = try open(ViewPlace(path, in: self, restarts: restarts))
    try makeCurrent(path)
    removeOthers()
    return view
  }
}
