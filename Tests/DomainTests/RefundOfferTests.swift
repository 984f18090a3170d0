import Testing

@testable import Domain

@Suite("Offers of money back")
struct RefundOfferTests {
  private static let two = [OfferedItem(item: Sample.bulgogi, quantity: 2)]
  private static let noodles = [OfferedItem(item: Sample.noodles, quantity: 1)]

  private func decide(
    _ command: OrderCommand, _ history: [OrderEvent], by role: Role = .service
  ) throws(Rejection) -> [OrderEvent] {
    let state = Order.evolve(Order.initial, history)
    return try Order.decide(command, state: state, by: Sample.owner(role), at: Sample.now)
  }

  /// What comes of an offer by the store of a ticket with this history.
  private func offer(
    _ items: [OfferedItem] = Sample.offer.items, _ reason: String = "sold out", number: Int?,
    _ history: [TicketEvent]
  ) throws(Rejection) -> [TicketEvent] {
    let ticket = Ticket.evolve(Ticket.initial, history)
    return try Ticket.decide(
      .offerRefund(items: items, reason: reason, number: number), state: ticket,
      by: .store(Sample.store), at: Sample.now)
  }

  private static func answered(_ accepted: Bool, number: Int = 1) -> TicketEvent {
    .offerAnswered(OfferAnswer(number: number, accepted: accepted))
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
    for number in [nil, 1] {
      #expect(throwsCode(.invalid) { try offer(items, number: number, TicketTests.confirmed) })
    }
  }

  @Test("offers are made one at a time, and the same again is the same")
  func oneAtATime() throws {
    let history = TicketTests.offered
    #expect(try offer(number: nil, history).isEmpty)
    #expect(try offer(number: 1, history).isEmpty)
    let items = Sample.offer.items
    #expect(throwsCode(.illegalState) { try offer(items, "fell down", number: nil, history) })
    // By its number it is another offer, however alike.
    #expect(throwsCode(.illegalState) { try offer(number: 2, history) })
  }

  @Test("an offer sent again under its number is the same, also once the customer has answered")
  func sameNumber() throws {
    for accepted in [true, false] {
      var history = TicketTests.offered + [Self.answered(accepted)]
      #expect(try offer(number: 1, history).isEmpty)
      history.append(.cookingStarted)
      history += try offer(Self.noodles, number: 2, history)
      #expect(try offer(number: 1, history).isEmpty)
      #expect(try offer(Self.noodles, number: 2, history).isEmpty)
    }
  }

  @Test("the number of an offer with other items or another reason is a conflict")
  func usedNumber() {
    for answer in [[], [Self.answered(true)], [Self.answered(false)]] {
      let history = TicketTests.offered + answer
      #expect(throwsCode(.conflict) { try offer(Self.noodles, number: 1, history) })
      #expect(throwsCode(.conflict) { try offer(Self.two, number: 1, history) })
      #expect(
        throwsCode(.conflict) { try offer(Sample.offer.items, "fell down", number: 1, history) })
    }
  }

  @Test("a number that no offer has and that is not the next is refused, and the next one named")
  func gap() {
    let histories = [TicketTests.confirmed, TicketTests.offered + [Self.answered(false)]]
    for (made, history) in histories.enumerated() {
      for number in [Int.min, -1, 0, made + 2, Int.max] {
        let refused = #expect(throws: Rejection.self) { try offer(number: number, history) }
        #expect(refused?.code == .invalid)
        #expect(refused?.message.contains("is number \(made + 1), not \(number)") == true)
      }
    }
  }

  @Test("once the last is answered the next number is the next offer, and so is none at all")
  func nextOffer() throws {
    let history = TicketTests.offered + [Self.answered(false)]
    let next = TicketEvent.refundOffered(number: 2, items: Sample.offer.items, reason: "sold out")
    #expect(try offer(number: 2, history) == [next])
    #expect(try offer(number: nil, history) == [next])
    #expect(try offer(number: 1, TicketTests.confirmed).map(\.kind) == [.refundOffered])
  }

  @Test("the last offer an order may see can be sent again, and none comes after it")
  func lastOffer() throws {
    var history = TicketTests.confirmed
    for number in 1...RefundOffer.offersMax {
      history += try offer(number: number, history)
      history.append(Self.answered(false, number: number))
    }
    #expect(try offer(number: RefundOffer.offersMax, history).isEmpty)
    for number in [nil, RefundOffer.offersMax + 1] {
      #expect(throwsCode(.invalid) { try offer(number: number, history) })
    }
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
