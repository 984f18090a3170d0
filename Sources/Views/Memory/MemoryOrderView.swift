package import Journal
import Synchronization

/// The rows in memory, for simulations and as the plainest form of the rules.
package final class MemoryOrderView: OrderView {
  fileprivate struct State {
    var records: [String: OrderRecord] = [:]
    var cursors = ViewCursors()
    var isClosed = false
  }

  package let changes: OrderChanges
  package let restarts = StoreRestarts()
  private let state = Mutex(State())

  package init(changes: OrderChanges = OrderChanges()) { self.changes = changes }

  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try query { $0.cursors }
  }

  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<OrderChange>
  ) async throws(ViewError) {
    let outcome: Result<Void, ViewError> = state.withLock { state in
      guard !state.isClosed else { return .failure(.closed) }
      do throws(ViewError) {
        guard try state.cursors.accepts(batch) else { return .success(()) }
      } catch { return .failure(error) }
      var changed: [String: OrderRecord] = [:]
      for change in batch.changes {
        var record =
          changed[change.orderID] ?? state.records[change.orderID]
          ?? OrderRecord(orderID: change.orderID)
        if record.apply(change) { changed[change.orderID] = record }
      }
      state.records.merge(changed) { _, new in new }
      for cursor in batch.cursors { state.cursors.take(cursor, of: batch.source) }
      // Within the lock, so that two batches cannot be told of in the wrong order.
      changes.publish(changed.values.sorted { $0.row.orderID.precedes($1.row.orderID) })
      return .success(())
    }
    try outcome.get()
  }

  package nonisolated(nonsending) func order(
    _ orderID: String
  ) async throws(ViewError) -> OrderRecord? {
    try query { $0.records[orderID] }
  }

  package nonisolated(nonsending) func orders(
    ofCustomer customerID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try query { state in
      state.records.values.map(\.row)
        .filter { $0.isListed && $0.customerID == customerID }
        .filter { row in place.map { row.place.isBefore($0) } ?? true }
        .sorted { $1.place.isBefore($0.place) }.first(limit)
    }
  }

  package nonisolated(nonsending) func board(
    ofStore storeID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try query { state in
      state.records.values.map(\.row)
        .filter { $0.isOnBoard && $0.storeID == storeID }
        .filter { row in place.map { $0.isBefore(row.place) } ?? true }
        .sorted { $0.place.isBefore($1.place) }.first(limit)
    }
  }

  package nonisolated(nonsending) func records(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try query { $0.sorted(after: orderID).first(limit) }
  }

  package nonisolated(nonsending) func stalled(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try query { $0.sorted(after: orderID).filter { !$0.stalls.isEmpty }.first(limit) }
  }

  package nonisolated(nonsending) func close() async {
    state.withLock { $0.isClosed = true }
  }

  private func query<T>(_ body: (State) -> T) throws(ViewError) -> T {
    let found = state.withLock { $0.isClosed ? nil : body($0) }
    guard let found else { throw .closed }
    return found
  }
}

extension MemoryOrderView.State {
  fileprivate func sorted(after orderID: String) -> [OrderRecord] {
    records.values.filter { orderID.precedes($0.row.orderID) }
      .sorted { $0.row.orderID.precedes($1.row.orderID) }
  }
}

extension OrderPlace {
  /// By time, then by the bytes of the id.
  func isBefore(_ other: OrderPlace) -> Bool {
    placedAt == other.placedAt ? orderID.precedes(other.orderID) : placedAt < other.placedAt
  }
}

extension String {
  /// By UTF-8 bytes, as SQLite compares text.
  package func precedes(_ other: String) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }
}

extension Array {
  /// At most so many from the front; none for a negative number.
  func first(_ countMax: Int) -> [Element] { Array(prefix(Swift.max(0, countMax))) }
}
