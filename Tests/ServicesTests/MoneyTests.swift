import Domain
import Journal
import Messages
import Testing
import Transport
import Views

@testable import Services

@Suite("Money between order and payment")
struct MoneyTests {
  @Test("an order is placed when it is paid, and captured once however often it is sent")
  func placed() async throws {
    let world = try MoneyWorld()
    let first = try await world.place(MoneyWorld.request("k1"))
    #expect(first.state == .placed)
    #expect(first.totalWon == 20_000)
    for _ in 0..<3 { #expect(try await world.place(MoneyWorld.request("k1")) == first) }
    #expect(world.provider.captures.values.map(\.self) == [1])
    #expect(try await world.payment(of: first.orderID).heldWon == 20_000)
    let course = try await world.events(world.orders, "order", first.orderID)
    #expect(course == ["OrderSubmitted", "OrderPlaced"])
  }

  @Test("the same key with another body is refused, and charges nothing")
  func sameKey() async throws {
    let world = try MoneyWorld()
    _ = try await world.place(MoneyWorld.request("k1"))
    let code = await refusal { _ = try await world.place(MoneyWorld.request("k1", quantity: 2)) }
    #expect(code == .alreadyExists)
    #expect(world.provider.captures.count == 1)
  }

  @Test("a price other than the one seen is refused with the new one, before any payment")
  func priceChanged() async throws {
    let world = try MoneyWorld()
    let code = await refusal { _ = try await world.place(MoneyWorld.request("k1", seen: 19_000)) }
    #expect(code == .failedPrecondition)
    #expect(world.provider.captures.isEmpty)
  }

  @Test("without a copy of the menu there is no order, and the caller may try again")
  func noMenu() async throws {
    let world = try MoneyWorld(hasMenu: false)
    let code = await refusal { _ = try await world.place(MoneyWorld.request("k1")) }
    #expect(code == .unavailable)
    #expect(try await world.orders.status().heads.allSatisfy { $0 == .start })
  }

  @Test(
    "asked again, an order that exists is the answer, though no menu can be read any more",
    arguments: [StatusCode.unavailable, .dataLoss])
  func lostMenus(code: StatusCode) async throws {
    let world = try MoneyWorld()
    let first = try await world.place(MoneyWorld.request("k1"))
    // The service as it comes up again, with nothing in memory.
    let replica = OrderReplica(
      journal: AnyJournal(world.orders), menus: try await Self.unreadable(code),
      payment: world.line, environment: world.environment, chargeTimeout: .seconds(3),
      executor: OrderWorld.executor())
    let service = OrderService(
      pool: ReplicaPool(service: "order", replicas: [replica], inFlightMax: 8))
    let again = try await service.placeOrder(MoneyWorld.request("k1"), context: world.context())
    #expect(again.order == first)
    let refused = await refusal {
      _ = try await service.placeOrder(MoneyWorld.request("k2"), context: world.context())
    }
    #expect(refused == code)
    #expect(world.provider.captures.count == 1)
  }

  /// Copies of menus that are answered for so: their view is closed, or what it holds is no menu.
  private static func unreadable(_ code: StatusCode) async throws -> MenuCopies {
    let rows = MemoryKeyedView(
      KeyedFold(
        name: "menus", version: 1, key: { $0.stream.id },
        effect: { _, _ in .put([0xff, 0xff]) }))
    guard code == .dataLoss else {
      await rows.close()
      return MenuCopies(rows)
    }
    let event = RecordedEvent(
      partition: 0, position: 1, stream: StreamKey(category: "store", id: "store-1"), version: 1,
      id: EventID("e"), type: "test.Happened", payload: [],
      metadata: EventMetadata(correlationID: "store-1", causationID: "test"),
      recordedAt: WallTime(milliseconds: 0))
    let cursor = ViewCursor(partition: 0, position: 1, epoch: JournalEpoch("store-1"))
    try await rows.apply(
      ViewBatch(source: "store", changes: [KeyedChange(event)], cursors: [cursor]))
    return MenuCopies(rows)
  }

  @Test("a declined card rejects the order, and nothing is held")
  func declined() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.declined(reason: "limit"))
    let order = try await world.place(MoneyWorld.request("k1"))
    #expect(order.state == .rejected)
    try await world.settle()
    let payment = try await world.payment(of: order.orderID)
    #expect(payment.heldWon == 0)
    #expect(payment.reason == "limit")
  }

  @Test("what cannot be paid now is parked with a time to try again, and can be paid then")
  func parked() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.notCharged(reason: "overloaded", retryAfter: .seconds(2)))
    let answer = try await world.orderService.placeOrder(
      MoneyWorld.request("k1"), context: world.context())
    let id = answer.order?.orderID ?? ""
    #expect(answer.order?.state == .awaitingPayment)
    #expect(answer.retryAfterMs == 2000)
    // The provider's own words are for us.
    #expect(try await world.payment(of: id).reason == "")
    let ours = try await world.paymentService.getPayment(
      GetPaymentRequest(paymentKey: id),
      context: world.context(Transport.Principal(role: "operator", id: "op")))
    #expect(ours.payment?.reason == "overloaded")
    let paid = try await world.orderService.payOrder(
      PayOrderRequest(orderID: id), context: world.context())
    #expect(paid.order?.state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("a charge that recalls how an earlier attempt went says so, and none that makes one")
  func recalled() async throws {
    let world = try MoneyWorld()
    let charge = ChargeRequest(
      paymentKey: "o-1", orderID: "o-1", customerID: "kim", storeID: "store-1", amountWon: 20_000,
      paymentMethod: "card-1")
    let context = world.context(Transport.Principal(role: "service", id: "order"))
    world.provider.answer(.notCharged(reason: "overloaded", retryAfter: .zero))
    world.provider.answer(.unknown(reason: "no answer"))
    let course: [(Messages.PaymentState, recalled: Bool)] = [
      (.notCharged, false), (.unknown, false), (.unknown, true), (.unknown, true),
    ]
    for (state, recalled) in course {
      let answer = try await world.paymentService.charge(charge, context: context)
      #expect(answer.payment?.state == state && answer.recalled == recalled)
    }
    #expect(world.provider.captures.isEmpty)
  }

  @Test("a caller who refuses parking is told to come back, and the order is over: its key says so")
  func refusesParking() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.notCharged(reason: "overloaded", retryAfter: .seconds(2)))
    var request = MoneyWorld.request("k1")
    request.refuseParking = true
    let refused = await error { _ = try await world.place(request) }
    #expect(refused?.code == .unavailable)
    #expect(refused?.retryAfter == .seconds(2))
    let id = try PlaceOrder(request).id.rawValue
    for _ in 0..<2 {
      let answer = try await world.orderService.placeOrder(request, context: world.context())
      #expect(answer.order?.orderID == id)
      #expect(answer.order?.state == .expired)
      #expect(answer.retryAfterMs == 0)
    }
    try await world.settle()
    #expect(world.provider.captures.isEmpty)
    // Another key is another order.
    request.idempotencyKey = "k2"
    #expect(try await world.place(request).state == .placed)
  }

  @Test("an unknown outcome is asked about, and places the order when it was approved")
  func unknownApproved() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.unknown(reason: "no answer"))
    let order = try await world.place(MoneyWorld.request("k1"))
    #expect(order.state == .paymentUnknown)
    try await world.settle()
    try await world.pass(.seconds(30))
    #expect(try await world.order(order.orderID).state == .placed)
  }

  @Test("a late approval of a cancelled order is refunded without anyone asking")
  func lateApproval() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.unknown(reason: "no answer"))
    let order = try await world.place(MoneyWorld.request("k1"))
    let cancelled = try await world.orderService.cancelOrder(
      CancelOrderRequest(orderID: order.orderID, reason: "늦어요"), context: world.context())
    #expect(cancelled.order?.state == .cancelled)
    try await world.settle()
    try await world.pass(.seconds(30))
    let payment = try await world.payment(of: order.orderID)
    #expect(payment.capturedWon == 20_000)
    #expect(payment.refundedWon == 20_000)
    #expect(payment.heldWon == 0)
    #expect(world.provider.refunds == 1)
    #expect(try await world.order(order.orderID).state == .cancelled)
  }

  @Test("a cancelled order is refunded once, however often the event is delivered")
  func cancelled() async throws {
    let world = try MoneyWorld()
    world.deliveries = 3
    let order = try await world.place(MoneyWorld.request("k1"))
    _ = try await world.orderService.cancelOrder(
      CancelOrderRequest(orderID: order.orderID), context: world.context())
    try await world.settle()
    let course = try await world.events(world.payments, "payment", order.orderID)
    #expect(
      course == [
        "PaymentRequested", "PaymentAttempted", "PaymentApproved", "PaymentRefundRequested",
        "PaymentRefunded",
      ])
  }

  @Test("the store sees a paid order without its address, we and its customer with it")
  func address() async throws {
    let world = try MoneyWorld()
    let placed = try await world.place(MoneyWorld.request("k1"))
    let viewers = [
      ("customer", "kim"), ("operator", "boss"), ("service", "store"), ("store", "store-1"),
    ]
    for (role, id) in viewers {
      let seen = try await world.orderService.getOrder(
        GetOrderRequest(orderID: placed.orderID),
        context: world.context(Transport.Principal(role: role, id: id)))
      #expect(seen.order?.lines == placed.lines)
      #expect(seen.order?.deliveryAddress == (role == "store" ? "" : "역삼로 1"), "\(role)")
    }
  }

  @Test("for everybody else an order does not exist, and nobody orders for somebody else")
  func notYours() async throws {
    let world = try MoneyWorld()
    let id = try await world.place(MoneyWorld.request("k1")).orderID
    let lee = world.context(Transport.Principal(role: "customer", id: "lee"))
    let service = world.orderService
    let calls: [(String) async throws -> Void] = [
      { _ = try await service.getOrder(GetOrderRequest(orderID: $0), context: lee) },
      { _ = try await service.cancelOrder(CancelOrderRequest(orderID: $0), context: lee) },
      { _ = try await service.payOrder(PayOrderRequest(orderID: $0), context: lee) },
      {
        _ = try await world.paymentService.getPayment(
          GetPaymentRequest(paymentKey: $0), context: lee)
      },
    ]
    for call in calls {
      let refused = await error { try await call(id) }
      #expect(refused?.code == .notFound)
      let absent = await error { try await call("o-none") }
      // Nothing tells the one from the other.
      #expect(refused?.message == absent?.message)
      #expect(refused?.details == absent?.details)
    }
    for key in ["k1", "k2"] {
      let forged = await refusal {
        _ = try await service.placeOrder(MoneyWorld.request(key), context: lee)
      }
      #expect(forged == .permissionDenied)
    }
  }
}
