import Domain
package import Messages
package import Transport

extension StoreService {
  package func acceptTicket(
    _ request: AcceptTicketRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    try await answer(
      .accept(etaMinutes: Int(request.etaMinutes)), on: request.orderID, context)
  }

  package func refuseTicket(
    _ request: RefuseTicketRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    try await answer(.refuse(reason: request.reason), on: request.orderID, context)
  }

  package func startCooking(
    _ request: TicketRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    try await answer(.startCooking, on: request.orderID, context)
  }

  package func finishCooking(
    _ request: TicketRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    try await answer(.finishCooking, on: request.orderID, context)
  }

  package func answerCancel(
    _ request: AnswerCancelRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    try await answer(
      request.agree ? .agreeCancel : .declineCancel, on: request.orderID, context)
  }

  package func offerRefund(
    _ request: OfferRefundRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    let items = try refusing { () throws(Rejection) in
      try request.items.map { (item) throws(Rejection) in try Domain.OfferedItem(item) }
    }
    let number = request.number == 0 ? nil : Int(clamping: request.number)
    return try await answer(
      .offerRefund(items: items, reason: request.reason, number: number), on: request.orderID,
      context)
  }

  package func getTicket(
    _ request: TicketRequest, context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(request.orderID) }
    return try await tickets.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: caller)
    }
  }

  private func answer(
    _ command: TicketCommand, on order: String, _ context: CallContext
  ) async throws(RPCError) -> TicketResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(order) }
    let cause = CommandCause(context, correlationID: id.rawValue)
    return try await tickets.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: caller, cause: cause)
    }
  }
}
