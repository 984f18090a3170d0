package import Messages
package import Transport

/// Takes calls for the dashboard to its replicas.
package struct DashboardService: DashboardServiceProtocol {
  package let pool: ReplicaPool<DashboardReplica>

  package init(pool: ReplicaPool<DashboardReplica>) { self.pool = pool }

  package nonisolated(nonsending) func getOrderTimeline(
    _ request: GetOrderTimelineRequest, context: CallContext
  ) async throws(RPCError) -> GetOrderTimelineResponse {
    let caller = try context.caller()
    let known = try await pool.withReplica(for: request.orderID, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.reached(request, for: caller)
    }
    if let known { return known }
    return try await watching(request.orderID)
      .timeline(request, for: caller, until: context.deadline)
  }

  package nonisolated(nonsending) func listCustomerOrders(
    _ request: ListCustomerOrdersRequest, context: CallContext
  ) async throws(RPCError) -> ListOrdersResponse {
    let caller = try context.caller()
    return try await pool.withReplica(for: request.customerID, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.list(request, for: caller)
    }
  }

  package nonisolated(nonsending) func getStoreBoard(
    _ request: GetStoreBoardRequest, context: CallContext
  ) async throws(RPCError) -> ListOrdersResponse {
    let caller = try context.caller()
    return try await pool.withReplica(for: request.storeID, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.board(request, for: caller)
    }
  }

  package nonisolated(nonsending) func watchOrder(
    _ request: WatchOrderRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (OrderUpdate) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    let caller = try context.caller()
    try await watching(request.orderID)
      .watch(request, for: caller, until: context.deadline, send: send)
  }

  /// The replica for what waits for changes of that order. It is bounded by the view's subscribers,
  /// not by the pool: it may last as long as an order does, and must not take the place of
  /// questions.
  private func watching(_ orderID: String) throws(RPCError) -> DashboardReplica {
    guard let replica = pool.replica(for: orderID) else {
      throw RPCError(code: .unavailable, message: "no replica", unprocessed: true)
    }
    return replica
  }

  package nonisolated(nonsending) func getLag(
    _ request: GetLagRequest, context: CallContext
  ) async throws(RPCError) -> GetLagResponse {
    _ = try context.caller()
    return try await pool.withReplica(for: "lag", .call(context)) { (replica) throws(RPCError) in
      try await replica.lagReport()
    }
  }
}
