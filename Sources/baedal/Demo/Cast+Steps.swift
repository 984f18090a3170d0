import Messages
import Transport

/// What each of them does on the roads.
extension Cast {
  func order(_ id: String) async throws -> Order {
    let answer = try await customer.call(OrderServiceMethods.getOrder, GetOrderRequest(orderID: id))
    guard let order = answer.order else {
      throw Failure(line: "\(id): an answer without an order", status: .failed)
    }
    return order
  }

  /// Orders and pays. The menu reaches the order service by events, so that the first try of a run
  /// may come too early; the key makes trying again safe.
  func place(_ road: Road) async throws -> Order {
    let request = PlaceOrderRequest(
      customerID: customerID, idempotencyKey: "\(run)-\(road.rawValue)", storeID: storeID,
      lines: [
        CartLine(itemID: "fried-chicken", quantity: 1, seenUnitPriceWon: 19_000),
        CartLine(itemID: "cola", quantity: 2, seenUnitPriceWon: 2_500),
      ],
      deliveryAddress: "서울시 강남구 테헤란로 1, 101동 1001호", area: area,
      paymentMethod: road == .declined ? "card-declined" : "card-demo", refuseParking: true)
    var placed: Order?
    try await act("customer", "orders 후라이드치킨 ×1, 콜라 ×2 and pays") {
      let order = try await wait(for: "answer to the order") {
        try await customer.call(OrderServiceMethods.placeOrder, request).order
      }
      placed = order
      return Show.name(order.state) + ", " + Show.won(order.totalWon)
    }
    guard let placed else { throw Failure(line: "no order", status: .failed) }
    let expected: OrderState = road == .declined ? .rejected : .placed
    guard placed.state == expected else {
      throw Failure(
        line: "\(placed.orderID) is \(Show.name(placed.state)), not \(Show.name(expected)): "
          + placed.reason, status: .refused)
    }
    stage.note("order \(placed.orderID)")
    return placed
  }

  func acceptAndCook(_ order: Order) async throws {
    try await reached(.received, order)
    try await act("owner", "accepts it, 35 min") {
      name(
        try await owner.call(
          StoreServiceMethods.acceptTicket,
          AcceptTicketRequest(orderID: order.orderID, etaMinutes: 35)))
    }
    try await reached(.confirmed, order)
    try await act("owner", "starts to cook") {
      name(
        try await owner.call(
          StoreServiceMethods.startCooking, TicketRequest(orderID: order.orderID)))
    }
    try await act("owner", "has finished cooking") {
      name(
        try await owner.call(
          StoreServiceMethods.finishCooking, TicketRequest(orderID: order.orderID)))
    }
  }

  func deliver(_ order: Order) async throws {
    let request = DeliveryRequest(orderID: order.orderID, riderID: riderID)
    _ = try await wait(for: "delivery in the rider's list") { try await delivery(order) }
    try await act("rider", "takes the delivery") {
      name(try await rider.call(DeliveryServiceMethods.claimDelivery, request))
    }
    _ = try await wait(for: "food that is ready") {
      try await delivery(order).flatMap { $0.foodReady ? $0 : nil }
    }
    try await act("rider", "starts the delivery (배달 시작)") {
      name(try await rider.call(DeliveryServiceMethods.startDelivery, request))
    }
    try await act("rider", "picks the food up") {
      name(try await rider.call(DeliveryServiceMethods.pickUp, request))
    }
    try await act("rider", "hands it over at the door") {
      name(try await rider.call(DeliveryServiceMethods.completeDelivery, request))
    }
  }

  func cancel(_ order: Order) async throws {
    try await reached(.received, order)
    try await act("customer", "cancels it") {
      let answer = try await customer.call(
        OrderServiceMethods.cancelOrder,
        CancelOrderRequest(orderID: order.orderID, reason: "주문 실수"))
      return Show.name(answer.order?.state ?? .unspecified)
    }
    try await reached(.withdrawn, order)
  }

  func refuse(_ order: Order) async throws {
    try await reached(.received, order)
    try await act("owner", "refuses it: 재료 소진") {
      name(
        try await owner.call(
          StoreServiceMethods.refuseTicket,
          RefuseTicketRequest(orderID: order.orderID, reason: "재료 소진")))
    }
  }

  /// An order that was not paid never exists for the store.
  func expectNoTicket(_ order: Order) async throws {
    try await act("owner", "looks for a ticket of it") {
      do {
        let ticket = try await owner.call(
          StoreServiceMethods.getTicket, TicketRequest(orderID: order.orderID))
        throw Failure(line: "there is one: \(name(ticket))", status: .violations)
      } catch let error as RPCError where error.code == .notFound {
        return "there is none"
      }
    }
  }

  /// Waits until no won is held any more, and checks where they went.
  func settled(_ order: Order, _ road: Road) async throws -> String {
    let payment = try await wait(for: "settled payment of \(order.orderID)") { () -> Payment? in
      let answer = try await auditor.call(
        PaymentServiceMethods.getPayment, GetPaymentRequest(paymentKey: order.orderID))
      return answer.payment.flatMap { $0.heldWon == 0 ? $0 : nil }
    }
    let kept = road == .delivered ? order.totalWon : 0
    let captured = road == .declined ? 0 : order.totalWon
    guard payment.keptWon == kept, payment.capturedWon == captured,
      payment.capturedWon == payment.keptWon + payment.refundedWon
    else {
      throw Failure(line: "the money is wrong: \(Render.money(payment))", status: .violations)
    }
    return Render.money(payment)
  }

  private func delivery(_ order: Order) async throws -> Delivery? {
    let answer = try await rider.call(
      DeliveryServiceMethods.listDeliveries, ListDeliveriesRequest(riderID: riderID))
    return answer.deliveries.first { $0.orderID == order.orderID }
  }

  /// Waits until the order's ticket has come that far.
  private func reached(_ state: TicketState, _ order: Order) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    _ = try await wait(for: "ticket that is \(Show.name(state))") { () -> Ticket? in
      let answer = try await owner.call(
        StoreServiceMethods.getTicket, TicketRequest(orderID: order.orderID))
      return answer.ticket.flatMap { $0.state == state ? $0 : nil }
    }
    stage.act(
      "owner", "sees the ticket", Terminal.styled(Show.name(state), .green),
      took: clock.now - start)
  }

  private func name(_ answer: TicketResponse) -> String {
    Show.name(answer.ticket?.state ?? .unspecified)
  }

  private func name(_ answer: DeliveryResponse) -> String {
    Show.name(answer.delivery?.state ?? .unspecified)
  }
}
