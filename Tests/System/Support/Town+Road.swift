import Messages
import Transport

/// What the store's owner and the rider do.
extension Town {
  func ticket(of id: String) async throws(RPCError) -> Ticket {
    let answer = try await owner.call(StoreServiceMethods.getTicket, TicketRequest(orderID: id))
    return answer.ticket ?? Ticket()
  }

  /// Waits until the ticket has come to that state.
  func ticket(of id: String, reaches state: TicketState) async throws {
    try await until("ticket of \(id) in \(state)") { try await ticket(of: id).state == state }
  }

  func accept(_ id: String) async throws(RPCError) {
    _ = try await owner.call(
      StoreServiceMethods.acceptTicket, AcceptTicketRequest(orderID: id, etaMinutes: 30))
  }

  /// Accepts as soon as the ticket is there, and waits for the order to confirm it.
  func acceptAndConfirm(_ id: String) async throws {
    try await ticket(of: id, reaches: .received)
    try await accept(id)
    try await ticket(of: id, reaches: .confirmed)
    try await order(id, reaches: .accepted)
  }

  func refuse(_ id: String) async throws {
    try await ticket(of: id, reaches: .received)
    _ = try await owner.call(
      StoreServiceMethods.refuseTicket, RefuseTicketRequest(orderID: id, reason: "재료 소진"))
  }

  func answerCancel(_ id: String, agree: Bool) async throws {
    try await ticket(of: id, reaches: .cancelAsked)
    _ = try await owner.call(
      StoreServiceMethods.answerCancel, AnswerCancelRequest(orderID: id, agree: agree))
  }

  func cook(_ id: String) async throws {
    _ = try await owner.call(StoreServiceMethods.startCooking, TicketRequest(orderID: id))
    try await order(id, reaches: .cooking)
    _ = try await owner.call(StoreServiceMethods.finishCooking, TicketRequest(orderID: id))
    try await order(id, reaches: .ready)
  }

  func delivery(of id: String) async throws(RPCError) -> Delivery {
    let answer = try await boss.call(
      DeliveryServiceMethods.getDelivery, GetDeliveryRequest(orderID: id))
    return answer.delivery ?? Delivery()
  }

  /// The rider takes it, starts, picks up and hands over; each step is waited for in the order.
  func deliver(_ id: String) async throws {
    let request = DeliveryRequest(orderID: id, riderID: Self.riderID)
    try await until("delivery of \(id) with ready food") {
      let answer = try await rider.call(
        DeliveryServiceMethods.listDeliveries, ListDeliveriesRequest(riderID: Self.riderID))
      return answer.deliveries.contains { $0.orderID == id && $0.foodReady }
    }
    _ = try await rider.call(DeliveryServiceMethods.claimDelivery, request)
    _ = try await rider.call(DeliveryServiceMethods.startDelivery, request)
    try await order(id, reaches: .deliveryStarted)
    _ = try await rider.call(DeliveryServiceMethods.pickUp, request)
    try await order(id, reaches: .pickedUp)
    _ = try await rider.call(DeliveryServiceMethods.completeDelivery, request)
    try await order(id, reaches: .delivered)
  }
}
