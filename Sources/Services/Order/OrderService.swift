import Domain
package import Messages
package import Transport

/// Takes calls for orders to the replicas that own them.
package struct OrderService: OrderServiceProtocol {
  package let pool: ReplicaPool<OrderReplica>

  package init(pool: ReplicaPool<OrderReplica>) { self.pool = pool }

  package func placeOrder(
    _ request: PlaceOrderRequest, context: CallContext
  ) async throws(RPCError) -> PlaceOrderResponse {
    let caller = try context.caller()
    let order = try refusing { () throws(Rejection) in try PlaceOrder(request) }
    return try await pool.withReplica(for: order.id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.place(order, by: caller, context)
    }
  }

  package func payOrder(
    _ request: PayOrderRequest, context: CallContext
  ) async throws(RPCError) -> PayOrderResponse {
    let caller = try context.caller()
    let (id, method) = try refusing { () throws(Rejection) in
      (try OrderID(request.orderID), try PaymentMethod?(request.paymentMethod))
    }
    return try await pool.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.pay(id, method: method, by: caller, context)
    }
  }

  package func answerOffer(
    _ request: AnswerOfferRequest, context: CallContext
  ) async throws(RPCError) -> AnswerOfferResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(request.orderID) }
    let answer = Domain.OfferAnswer(number: Int(request.number), accepted: request.accept)
    return try await pool.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.answerOffer(answer, on: id, by: caller, context)
    }
  }

  package func cancelOrder(
    _ request: CancelOrderRequest, context: CallContext
  ) async throws(RPCError) -> CancelOrderResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(request.orderID) }
    return try await pool.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.cancel(id, reason: request.reason, by: caller, context)
    }
  }

  package func getOrder(
    _ request: GetOrderRequest, context: CallContext
  ) async throws(RPCError) -> GetOrderResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(request.orderID) }
    return try await pool.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: caller)
    }
  }
}
