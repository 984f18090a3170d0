import Testing

@testable import Domain

@Suite("Offers of money back")
struct RefundOfferTests {
  private static let two = [OfferedItem(item: Sample.bulgogi, quantity: 2)]

  private func decide(
    _ command: OrderCommand, _ history: [OrderEvent], by role: Role = .service
  ) throws(Rejection) -> [OrderEvent] {
    let state = Order.evolve(Order.initial, history)
    return try Order.decide(command, state: state, by: Sample.owner(role), at: Sample.now)
  }

  @Test("an offer is priced from what the order itself knows")
  func priced() throws {
    let events = try decide(
      .storeOffered(number: 1, items: Self.two, reason: "sold out"), OrderSamples.accepted)
    #expect(
      events == [
        .refundOffered(
          RefundOffer(number: 1, items: Self.two, amount: won(18_000), reason: "sold out"))
      ])
  }

  @Test("an offer that was accepted is given back once, and what was left out is not offered again")
  func accepted() throws {
    var history = OrderSamples.accepted
    history += try decide(.storeOffered(number: 1, items: Self.two, reason: "sold out"), history)
    let answer = OrderCommand.answerOffer(number: 1, accept: true)
    history += try decide(answer, history, by: .customer)
    #expect(history.last == .refundAccepted(number: 1, amount: won(18_000), reason: "sold out"))
    #expect(try decide(answer, history, by: .customer).isEmpty)
    let state = Order.evolve(Order.initial, history)
    #expect(state.refunded == won(18_000) && state.offer == nil && state.phase == .accepted)
    #expect(
      throwsCode(.invalid) {
        try decide(
          .storeOffered(
            number: 2, items: [OfferedItem(item: Sample.bulgogi, quantity: 1)], reason: ""),
          history)
      })
  }

  @Test("another answer to an offer that is answered, or to none, is refused")
  func answeredTwice() throws {
    let declined = OrderSamples.offered + [.refundDeclined(number: 1)]
    for (number, history) in [(1, declined), (2, OrderSamples.offered)] {
      #expect(
        throwsCode(.notFound) {
          try decide(.answerOffer(number: number, accept: true), history, by: .customer)
        })
    }
  }

  @Test(
    "what is not in the order, and all of it, cannot be offered",
    arguments: [
      [], [OfferedItem(item: Sample.bulgogi, quantity: 3)],
      [OfferedItem(item: Sample.bulgogi, quantity: 0)],
      [OfferedItem(item: MenuItemID(validated: "other"), quantity: 1)],
      [
        OfferedItem(item: Sample.bulgogi, quantity: 1),
        OfferedItem(item: Sample.bulgogi, quantity: 2),
      ],
      [
        OfferedItem(item: Sample.bulgogi, quantity: 2),
        OfferedItem(item: Sample.noodles, quantity: 1),
      ],
    ])
  func invalid(_ items: [OfferedItem]) {
    let ticket = Ticket.evolve(Ticket.initial, TicketTests.confirmed)
    #expect(
      throwsCode(.invalid) {
        try Ticket.decide(
          .offerRefund(items: items, reason: "sold out"), state: ticket,
          by: .store(Sample.store), at: Sample.now)
      })
  }

  @Test("offers are made one at a time, and the same again is the same")
  func oneAtATime() throws {
    let ticket = Ticket.evolve(Ticket.initial, TicketTests.offered)
    func offer(_ reason: String) throws(Rejection) -> [TicketEvent] {
      try Ticket.decide(
        .offerRefund(items: Sample.offer.items, reason: reason), state: ticket,
        by: .store(Sample.store), at: Sample.now)
    }
    #expect(try offer("sold out").isEmpty)
    #expect(throwsCode(.illegalState) { try offer("fell down") })
  }

  @Test("an order without a payment method is parked, and paid by the one that comes")
  func payLater() throws {
    var history = try decide(.submit(Sample.draft(method: nil)), [], by: .customer)
    #expect(history.map(\.kind) == [.submitted, .parked])
    #expect(throwsCode(.invalid) { try decide(.pay(nil), history, by: .customer) })
    let method = PaymentMethod(validated: "once:1")
    history += try decide(.pay(method), history, by: .customer)
    let state = Order.evolve(Order.initial, history)
    #expect(state.phase == .pendingPayment && state.attempt == 1)
    #expect(state.paymentMethod == method && method.isOneTime)
  }

  @Test("a payment that is known not to have charged may be tried by another method")
  func otherMethod() throws {
    var request = Sample.request()
    request.method = PaymentMethod(validated: "card:2")
    func charge(_ history: [PaymentEvent]) throws(Rejection) -> [PaymentEvent] {
      try Payment.decide(
        .charge(request), state: Payment.evolve(Payment.initial, history), by: .service("s"),
        at: Sample.now)
    }
    let again = try charge(PaymentSamples.notCharged)
    #expect(again == [.attempted(attempt: 2, method: request.method)])
    let state = Payment.evolve(Payment.initial, PaymentSamples.notCharged + again)
    #expect(state.request == request)
    for history in [PaymentSamples.attempting, PaymentSamples.unknown, PaymentSamples.approved] {
      #expect(throwsCode(.conflict) { try charge(history) })
    }
  }
}
