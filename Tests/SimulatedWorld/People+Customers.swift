import Journal
import Messages
import Services
import Transport

extension People {
  /// Everybody who orders begins to.
  func begin(orders: ClosedRange<Int>) {
    // Now and then everybody is hungry at the same moment.
    let rush = chance.perMille(400)
    let lunch = chance.duration(.zero...(.seconds(15 * 60)))
    for customer in customers {
      for number in 1...chance.number(orders) {
        let wait =
          rush
          ? lunch + chance.duration(.zero...(.seconds(3)))
          : chance.duration(.zero...(.seconds(20 * 60)))
        spawn { [self] in
          if await pause(wait) { await order(customer, "k\(number)") }
        }
      }
    }
    spawn { [self] in await mindMenus() }
    spawn { [self] in await takeBreaks() }
  }

  private func order(_ customer: String, _ key: String) async {
    let who = principal("customer", customer)
    var lines = [CartLine(itemID: "a", quantity: UInt32(chance.number(1...3)))]
    if chance.perMille(300) { lines.append(CartLine(itemID: "b", quantity: 1)) }
    let request = PlaceOrderRequest(
      customerID: customer, idempotencyKey: key, storeID: chance.pick(Self.stores), lines: lines,
      deliveryAddress: "road 1", area: chance.pick(Self.areas),
      paymentMethod: chance.pick(
        ["card", "card", "card", "card", "once:card", "", "card-declined", "card-lost"]),
      refuseParking: chance.perMille(150))
    if chance.perMille(150) { spawn { [self] in _ = await place(request, who) } }
    guard let order = await place(request, who) else { return }
    if chance.perMille(150) { await conflict(request, who) }
    if chance.perMille(250) { spawn { [self] in await cancel(order.orderID, who) } }
    if chance.perMille(50) {
      spawn { [self] in await cancel(order.orderID, principal("operator", "op")) }
    }
    if chance.perMille(400) { await look(order, who) }
    if order.state != .placed, chance.perMille(600) { await pay(order.orderID, who) }
  }

  private func place(_ request: PlaceOrderRequest, _ who: Principal) async -> Order? {
    let answer = await ask(OrderServiceMethods.placeOrder, request, as: who, attempts: 4)
    guard case .success(let response) = answer, let order = response.order else { return nil }
    acknowledge(order)
    return order
  }

  /// The same key over another cart never makes an order, and never answers with the first.
  private func conflict(_ request: PlaceOrderRequest, _ who: Principal) async {
    var other = request
    other.lines[0].quantity += 1
    if case .success = await ask(OrderServiceMethods.placeOrder, other, as: who) {
      world.violate(.acknowledged, "one key was taken for two orders of \(who.id)")
    }
  }

  private func pay(_ id: String, _ who: Principal) async {
    for _ in 0..<chance.number(1...3) {
      guard await pause(.seconds(5)...(.seconds(600))) else { return }
      let answer = await ask(
        OrderServiceMethods.payOrder,
        PayOrderRequest(orderID: id, paymentMethod: chance.pick(["", "card", "once:other"])),
        as: who)
      guard case .success(let response) = answer, let order = response.order else { continue }
      acknowledge(order)
      guard order.state == .awaitingPayment || order.state == .pendingPayment else { return }
    }
  }

  private func cancel(_ id: String, _ who: Principal) async {
    guard
      await pause(.milliseconds(1)...(chance.pick([.seconds(2), .seconds(120), .seconds(1800)])))
    else { return }
    let answer = await ask(
      OrderServiceMethods.cancelOrder, CancelOrderRequest(orderID: id, reason: "no"), as: who,
      attempts: 3)
    if case .success(let response) = answer, let order = response.order { acknowledge(order) }
  }

  /// A store cannot deliver all of it: the customer takes the money, or not, or says nothing.
  func answerOfferedRefund(_ event: RecordedEvent) async {
    let id = event.stream.id
    guard let offer = try? OrderRefundOffered(serialized: event.payload),
      let customer = world.story.customers[id], chance.perMille(800),
      await pause(.seconds(1)...(.seconds(120)))
    else { return }
    _ = await ask(
      OrderServiceMethods.answerOffer,
      AnswerOfferRequest(orderID: id, number: offer.number, accept: chance.perMille(700)),
      as: principal("customer", customer), attempts: 3)
  }

  /// Long after everything works again, an order is charged like any other.
  func orderOnceMore() {
    spawn { [self] in
      let (store, who) = (Self.stores[0], principal("customer", "late"))
      _ = await ask(
        StoreServiceMethods.resumeStore, ResumeStoreRequest(storeID: store),
        as: principal("store", store), attempts: 5)
      for number in 1...3 {
        guard await pause(.seconds(60)) else { return }
        let request = PlaceOrderRequest(
          customerID: who.id, idempotencyKey: "late\(number)", storeID: store,
          lines: [CartLine(itemID: "a", quantity: 1)], deliveryAddress: "road 2",
          area: Self.areas[0], paymentMethod: "card")
        let order = await place(request, who)
        // A half-open breaker remembers what failed long ago and may open once more; where answers
        // are lost for good, it may be open at any time.
        guard number == 3, world.plan.unknownPerMille == 0 else { continue }
        guard let order, order.state == .placed || order.state == .rejected else {
          return world.violate(
            .notRecovered, order.map { "an order is \($0.state): \($0.reason)" } ?? "no answer")
        }
      }
    }
  }

  /// Now and then a customer wants out of what the store has just accepted.
  func reconsider(_ id: String) async {
    guard let customer = world.story.customers[id], chance.perMille(250),
      await pause(.milliseconds(1)...(.seconds(60)))
    else { return }
    await cancel(id, principal("customer", customer))
  }

  /// Now and then an operator gives a part back.
  func complain(_ id: String) async {
    guard let total = world.story.totals[id], chance.perMille(100),
      await pause(.seconds(1)...(.seconds(1800)))
    else { return }
    for number in 1...chance.number(1...2) {
      let part = Int64(chance.number(1...Int(total)))
      let request = RefundRequest(
        paymentKey: id, refundKey: "f\(number)", amountWon: part, reason: "cold",
        bearer: .platform)
      _ = await ask(
        PaymentServiceMethods.refund, request, as: principal("operator", "op"), attempts: 3)
    }
  }

  /// Reads the order where it is decided, and in the dashboard what was just acknowledged.
  private func look(_ order: Order, _ who: Principal) async {
    let known = world.story.version(ofOrder: order.orderID)
    let answer = await ask(
      OrderServiceMethods.getOrder, GetOrderRequest(orderID: order.orderID), as: who)
    if case .success(let response) = answer, let now = response.order {
      if now.version < known {
        world.violate(.staleRead, "\(now.orderID) at \(now.version), seen at \(known) before")
      }
      acknowledge(now)
    }
    let timeline = await ask(
      DashboardServiceMethods.getOrderTimeline,
      GetOrderTimelineRequest(orderID: order.orderID, atLeastVersion: known), as: who)
    if case .success(let response) = timeline, (response.order?.version ?? 0) < known {
      world.violate(.staleRead, "the dashboard has \(order.orderID) older than asked for")
    }
  }

  private func acknowledge(_ order: Order) {
    world.note("told \(order.customerID): \(order.orderID.suffix(6)) \(order.state)")
    world.story.acknowledge(order: order.orderID, version: order.version)
  }
}
