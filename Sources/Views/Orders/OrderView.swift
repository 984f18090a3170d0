package import Journal

/// The read side of orders: one row per order, built from the events of four journals. The rows,
/// the steps and the cursors of one batch become visible together.
package protocol OrderView: Sendable {
  /// How far each source has been taken.
  nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors

  /// Takes a batch in, returning once it is visible to every later query. What has been taken
  /// before changes nothing. Not cancellable.
  nonisolated(nonsending) func apply(
    _ batch: ViewBatch<OrderChange>
  ) async throws(ViewError)

  /// One order with its course, also one that cannot be listed yet.
  nonisolated(nonsending) func order(
    _ orderID: String
  ) async throws(ViewError) -> OrderRecord?

  /// A customer's orders, newest first, from behind `place` on.
  nonisolated(nonsending) func orders(
    ofCustomer customerID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow]

  /// A store's paid orders that are not over, oldest first, from behind `place` on.
  nonisolated(nonsending) func board(
    ofStore storeID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow]

  /// Whole records by order id, for comparisons: those with an id greater than `orderID`.
  nonisolated(nonsending) func records(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord]

  /// Orders with a stream that is not followed any further, by order id.
  nonisolated(nonsending) func stalled(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord]

  /// Tells of records as they change, in the order of commits.
  var changes: OrderChanges { get }

  /// Tells when it has begun anew, without a row, since its file was damaged.
  var restarts: StoreRestarts { get }

  /// Ends it; what was acknowledged is kept.
  nonisolated(nonsending) func close() async
}
