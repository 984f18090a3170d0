import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("An order whose payment nobody has told of")
struct OpenPaymentTests {
  /// Places an order whose charge is held up, moves the clock past the order's first deadline, and
  /// hands the order's id to `body`. What the held call came to is the result.
  private func overdue(
    _ world: MoneyWorld, _ faults: PaymentLine.Fault, refuseParking: Bool = false,
    _ body: (String) async throws -> Void
  ) async throws -> Result<Messages.Order, RPCError> {
    var request = MoneyWorld.request("k1")
    request.refuseParking = refuseParking
    let (service, context) = (world.orderService, world.context())
    let id = try PlaceOrder(request).id.rawValue
    world.line.suffer(faults)
    async let answer = Result<Messages.Order, RPCError>.of { () throws(RPCError) in
      try await service.placeOrder(request, context: context).order ?? Messages.Order()
    }
    await world.line.holds()
    #expect(try await world.order(id).state == .pendingPayment)
    world.clock.advance(by: .seconds(31))
    do { try await body(id) } catch {
      world.line.release()
      _ = await answer
      throw error
    }
    world.line.release()
    return await answer
  }

  @Test("payment is asked when the time is over, and its answer places the order")
  func asked() async throws {
    let world = try MoneyWorld()
    let answer = try await overdue(world, .holdsAnswers) { id in
      // Before any event has gone from payment to order: by the question alone.
      for _ in 0..<2 { try await world.fire() }
      #expect(try await world.order(id).state == .placed)
    }
    #expect(try answer.get().state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("an order in doubt asks, and is parked when payment never heard of its charge")
  func inquiry() async throws {
    let world = try MoneyWorld()
    world.line.suffer(.cut)
    let order = try await world.place(MoneyWorld.request("k1"))
    #expect(order.state == .paymentUnknown)
    let inquiry = PaymentInquiry(
      journal: AnyJournal(world.orders), pool: world.orderService.pool,
      environment: world.environment)
    await inquiry.sweep()
    #expect(try await world.order(order.orderID).state == .paymentUnknown)
    world.line.release()
    await inquiry.sweep()
    #expect(try await world.order(order.orderID).state == .awaitingPayment)
    let paid = try await world.orderService.payOrder(
      PayOrderRequest(orderID: order.orderID), context: world.context())
    #expect(paid.order?.state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("what payment never heard of is parked, and takes the charge if it arrives after all")
  func neverHeard() async throws {
    let world = try MoneyWorld()
    let answer = try await overdue(world, .holdsCharges) { id in
      for _ in 0..<2 { try await world.fire() }
      try await world.settle()
      #expect(try await world.order(id).state == .awaitingPayment)
      #expect(world.provider.captures.isEmpty)
    }
    #expect(try answer.get().state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("an order that may not wait is over then, and a charge that arrives later is refused")
  func tombstone() async throws {
    let world = try MoneyWorld()
    var id = ""
    let answer = try await overdue(world, .holdsCharges, refuseParking: true) {
      id = $0
      try await world.fire()
      #expect(try await world.order(id).state == .expired)
      try await world.settle()
    }
    #expect(throws: RPCError.self) { try answer.get() }
    try await world.settle()
    #expect(world.provider.captures.isEmpty)
    #expect(try await world.events(world.payments, "payment", id) == ["PaymentVoided"])
    #expect(try await world.order(id).state == .expired)
  }

  @Test("a charge that arrives before the order's end is known to payment is refunded")
  func lateCharge() async throws {
    let world = try MoneyWorld()
    var id = ""
    _ = try await overdue(world, .holdsCharges, refuseParking: true) {
      id = $0
      try await world.fire()
    }
    #expect(world.provider.captures.values.map(\.self) == [1])
    try await world.settle()
    let payment = try await world.payment(of: id)
    #expect(payment.capturedWon == 20_000)
    #expect(payment.refundedWon == 20_000)
    #expect(try await world.order(id).state == .expired)
  }

  @Test("payment is asked once more before an order whose payment is unknown expires")
  func askedAtTheEnd() async throws {
    let world = try MoneyWorld()
    world.line.suffer(.losesAnswers)
    let id = try await world.place(MoneyWorld.request("k1")).orderID
    world.clock.advance(by: world.environment.deadlines.paymentUnknown)
    // Before any event has gone from payment to order: by the question alone.
    try await world.fire()
    #expect(try await world.order(id).state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("an order expires in time when payment itself does not know the outcome")
  func neverKnown() async throws {
    let world = try MoneyWorld()
    world.provider.answer(.unknown(reason: "no answer"))
    world.provider.answerQuestions(.unknown(reason: "no answer"))
    let id = try await world.place(MoneyWorld.request("k1")).orderID
    try await world.pass(world.environment.deadlines.paymentUnknown)
    #expect(try await world.order(id).state == .expired)
  }

  @Test("when payment cannot tell, the order waits for it as long as the policy says, and expires")
  func cannotTell() async throws {
    let world = try MoneyWorld()
    _ = try await overdue(world, .holdsCharges) { id in
      world.line.suffer(.holdsCharges, .cut)
      try await world.fire()
      #expect(try await world.order(id).state == .paymentUnknown)
      try await world.pass(world.environment.deadlines.paymentUnknown - .seconds(1))
      #expect(try await world.order(id).state == .paymentUnknown)
      try await world.pass(.seconds(1))
      #expect(try await world.order(id).state == .expired)
    }
    #expect(world.provider.captures.isEmpty)
  }

  @Test(
    "a retry with the same key asks again while the payment is unknown, and captures once",
    arguments: [PaymentLine.Fault.cut, .losesAnswers, .cannotRecord])
  func retried(fault: PaymentLine.Fault) async throws {
    let world = try MoneyWorld()
    world.line.suffer(fault)
    #expect(try await world.place(MoneyWorld.request("k1")).state == .paymentUnknown)
    world.line.release()
    #expect(try await world.place(MoneyWorld.request("k1")).state == .placed)
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("a charge is taken for never begun when its refusal says so, whatever the status")
  func refusals() {
    for code in [StatusCode.resourceExhausted, .invalidArgument, .permissionDenied, .unavailable] {
      for unprocessed in [true, false] {
        let command = PaymentAnswer.command(
          RPCError(code: code, message: "", unprocessed: unprocessed), at: Timestamp(ms: 0),
          .standard)
        #expect(command.kind == (unprocessed ? .park : .markPaymentUnknown), "\(code)")
      }
    }
  }

  @Test("a question that gets no answer tells nothing: what is unknown stays unknown")
  func noAnswer() async throws {
    let world = try MoneyWorld()
    world.line.suffer(.losesAnswers)
    let id = try await world.place(MoneyWorld.request("k1")).orderID
    for fault in [PaymentLine.Fault.cut, .refused] {
      world.line.suffer(fault)
      let placed = try await world.orderService.placeOrder(
        MoneyWorld.request("k1"), context: world.context())
      #expect(placed.order?.state == .paymentUnknown)
      #expect(placed.retryAfterMs > 0)
      let paid = try await world.orderService.payOrder(
        PayOrderRequest(orderID: id), context: world.context())
      #expect(paid.order?.state == .paymentUnknown)
    }
    try await world.settle()
    #expect(try await world.order(id).state == .placed)
  }
}

extension Result where Failure == RPCError, Success: Sendable {
  /// What `body` comes to.
  fileprivate static func of(
    _ body: () async throws(RPCError) -> Success
  ) async -> Result {
    do throws(RPCError) { return .success(try await body()) } catch { return .failure(error) }
  }
}
