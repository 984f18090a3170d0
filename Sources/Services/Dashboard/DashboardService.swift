package import Messages
package import Transport

/// Takes calls for the dashboard to its replicas.
package struct DashboardService: Sendable {
  package let pool: ReplicaPool<DashboardReplica>

  package init(pool: ReplicaPool<DashboardReplica>) { self.pool = pool }

  package func getOrderTimeline(
    _ request: GetOrderTimelineRequest, context: CallContext
  ) async throws(RPCError) -> GetOrderTimelineResponse {
    let caller = try context.caller()
    return try await pool.withReplica(for: request.orderID) { (replica) throws(RPCError) in
      try await replica.timeline(request, for: caller, until: context.deadline)
    }
  }

  package func listCustomerOrders(
    _ request: ListCustomerOrdersRequest, context: CallContext
  ) async throws(RPCError) -> ListOrdersResponse {
    let caller = try context.caller()
    return try await pool.withReplica(for: request.customerID) { (replica) throws(RPCError) in
      try await replica.list(request, for: caller)
    }
  }

  package func getStoreBoard(
    _ request: GetStoreBoardRequest, context: CallContext
  ) async throws(RPCError) -> ListOrdersResponse {
    let caller = try context.caller()
    return try await pool.withReplica(for: request.storeID) { (replica) throws(RPCError) in
      try await replica.board(request, for: caller)
    }
  }

  /// Watches are bounded by the view's subscribers, not by the pool: they last as long as an
  /// order does, and must not take the place of questions.
  package func watchOrder(
    _ request: WatchOrderRequest, context: CallContext, writer: StreamWriter<OrderUpdate>
  ) async throws(RPCError) {
    let caller = try context.caller()
    guard let replica = pool.replica(for: request.orderID) else {
      throw RPCError(code: .unavailable, message: "no replica", unprocessed: true)
    }
    try await replica.watch(request, for: caller, until: context.deadline) {
      (update) throws(RPCError) in try await writer.write(update)
    }
  }

  package func getLag(
    _ request: GetLagRequest, context: CallContext
  ) async throws(RPCError) -> GetLagResponse {
    _ = try context.caller()
    return try await pool.withReplica(for: "lag") { (replica) throws(RPCError) in
      try await replica.lagReport()
    }
  }
}
