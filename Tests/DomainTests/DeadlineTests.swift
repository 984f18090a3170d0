import Testing

@testable import Domain

@Suite("Deadlines")
struct DeadlineTests {
  private func changes(
    _ events: [OrderEvent], after history: [OrderEvent]
  ) -> [DeadlineChange<OrderDeadline>] {
    OrderDeadlines.after(events, from: Order.evolve(Order.initial, history), at: Sample.now)
  }

  private func due(_ seconds: Int) -> Timestamp { Sample.now.advanced(by: .seconds(seconds)) }

  @Test("every order that is not over has exactly one deadline, which ends or moves it")
  func everyOrderEnds() throws {
    for history in OrderSamples.histories where !history.isEmpty {
      let state = Order.evolve(Order.initial, history)
      let kind = OrderDeadlines.kind(watching: state.phase)
      #expect((kind == nil) == state.phase.isTerminal)
      guard let kind else { continue }
      let events = try Order.decide(
        .deadlinePassed(kind, .standard), state: state, by: .service("s"), at: Sample.now)
      #expect(Order.evolve(state, events).phase != state.phase, "\(state.phase)")
      for other in OrderDeadline.allCases where other != kind {
        let none = try Order.decide(
          .deadlinePassed(other, .standard), state: state, by: .service("s"), at: Sample.now)
        #expect(none.isEmpty)
      }
    }
  }

  @Test("with nobody answering, every order ends by its deadlines alone")
  func deadlinesAlone() throws {
    for history in OrderSamples.histories where !history.isEmpty {
      var state = Order.evolve(Order.initial, history)
      var fired = 0
      while let kind = OrderDeadlines.kind(watching: state.phase), fired < 5 {
        state = Order.evolve(
          state,
          try Order.decide(
            .deadlinePassed(kind, .standard), state: state, by: .service("s"), at: Sample.now))
        fired += 1
      }
      #expect(state.phase.isTerminal)
    }
  }

  @Test("an order whose payment is unknown waits as long as the policy says, however it came there")
  func unknownPayment() throws {
    var policy = DeadlinePolicy.standard
    policy.paymentUnknown = .seconds(7)
    let state = Order.evolve(Order.initial, OrderSamples.submitted)
    let events = try Order.decide(
      .deadlinePassed(.paymentPending, policy), state: state, by: .service("s"), at: Sample.now)
    #expect(events == [.paymentUnknown(until: due(7))])
    #expect(
      OrderDeadlines.after(events, from: state, at: Sample.now, policy: policy)
        == [.clear(.paymentPending), .set(.paymentUnknown, at: due(7))])
  }

  @Test("each step of the road sets the deadline of what is waited for, and clears the one before")
  func road() {
    #expect(changes(OrderSamples.submitted, after: []) == [.set(.paymentPending, at: Sample.later)])
    #expect(
      changes([Sample.placed], after: OrderSamples.submitted)
        == [.clear(.paymentPending), .set(.storeSilent, at: due(3600))])
    #expect(
      changes([.receivedByStore(at: due(-10))], after: OrderSamples.placed)
        == [.set(.storeSilent, at: due(300))])
    #expect(
      changes([Sample.accepted(5)], after: OrderSamples.placed)
        == [.clear(.storeSilent), .set(.stalled, at: due(3 * 3600))])
    #expect(
      changes([.cancelRequested(reason: "")], after: OrderSamples.accepted)
        == [.clear(.stalled), .set(.cancelSilent, at: due(3600))])
    #expect(
      changes([.cancelDeclined, .cookingStarted], after: OrderSamples.cancelRequested)
        == [.clear(.cancelSilent), .set(.stalled, at: due(3 * 3600))])
    #expect(
      changes([.delivered(rider: Sample.rider)], after: OrderSamples.pickedUp)
        == [.clear(.stalled)])
    #expect(
      changes([.paymentRequested(attempt: 2, method: nil)], after: OrderSamples.parked)
        == [.clear(.paymentParked), .set(.paymentPending, at: due(30))])
    #expect(changes([], after: OrderSamples.placed).isEmpty)
  }

  @Test("an offer made or answered after a wish to cancel does not put off the end of silence")
  func offersWhileCancelling() {
    let offered = OrderSamples.offered + [.cancelRequested(reason: "")]
    let accepted = OrderEvent.refundAccepted(
      number: 1, amount: Sample.offer.amount, reason: "sold out")
    #expect(changes([.refundOffered(Sample.offer)], after: OrderSamples.cancelRequested).isEmpty)
    #expect(changes([accepted], after: offered).isEmpty)
    #expect(changes([.refundDeclined(number: 1)], after: offered).isEmpty)
  }

  @Test("a payment that owes an answer or a refund is looked at again, others are left alone")
  func payments() {
    for history in PaymentSamples.histories {
      let state = Payment.evolve(Payment.initial, history)
      let kind = PaymentDeadlines.kind(watching: state.phase)
      #expect((kind == nil) == state.isAtRest, "\(state.phase)")
      #expect((PaymentDeadlines.next(for: state, at: Sample.now) == nil) == (kind == nil))
    }
    let attempting = Payment.evolve(Payment.initial, PaymentSamples.attempting)
    let approval = PaymentEvent.approved(
      attempt: 1, reference: Sample.capture, amount: Sample.total)
    #expect(
      PaymentDeadlines.after([approval], from: attempting, at: Sample.now) == [.clear(.askAgain)])
    #expect(
      PaymentDeadlines.after([.unknown(attempt: 1, reason: "")], from: attempting, at: Sample.now)
        == [.set(.askAgain, at: due(20))])
  }

  @Test("a refund that keeps failing is tried ever more seldom, a new one as soon as any")
  func refundsBackOff() {
    let failed = PaymentEvent.refundFailed(key: RefundKey(validated: "a"), reason: "down")
    var state = Payment.evolve(Payment.initial, PaymentSamples.approved)
    #expect(
      PaymentDeadlines.after([PaymentSamples.refund("a", 8000)], from: state, at: Sample.now)
        == [.set(.refundRetry, at: due(10))])
    state = Payment.evolve(state, PaymentSamples.refund("a", 8000))
    for seconds in [20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600] {
      #expect(
        PaymentDeadlines.after([failed], from: state, at: Sample.now)
          == [.set(.refundRetry, at: due(seconds))])
      state = Payment.evolve(state, failed)
    }
    #expect(
      PaymentDeadlines.after([PaymentSamples.refund("b", 1000)], from: state, at: Sample.now)
        == [.set(.refundRetry, at: due(10))])
    var policy = DeadlinePolicy.standard
    policy.refundRetry = .seconds(Int64.max)
    #expect(
      PaymentDeadlines.after([failed], from: state, at: Sample.now, policy: policy)
        == [.set(.refundRetry, at: due(3600))])
  }

  @Test("a delivery waits for dispatch, then for the rider asked, then for the rider assigned")
  func deliveries() {
    var state = Delivery.initial
    let steps: [(DeliveryEvent, [DeadlineChange<DeliveryDeadline>])] = [
      (.opened(Sample.job), [.set(.noRider, at: due(60))]),
      (
        .offered(rider: Sample.rider, until: Sample.later, round: 1),
        [.clear(.noRider), .set(.offerSilent, at: Sample.later)]
      ),
      (
        .offerExpired(rider: Sample.rider, round: 1),
        [.clear(.offerSilent), .set(.noRider, at: due(60))]
      ),
      (.escalated, [.clear(.noRider), .set(.escalated, at: due(3 * 60 * 60))]),
      (.assigned(rider: Sample.rider), [.clear(.escalated)]),
      (.foodReady, [.set(.riderIdle, at: due(600))]),
      (.started(rider: Sample.rider), [.clear(.riderIdle)]),
      (.pickedUp(rider: Sample.rider), []),
    ]
    for (event, expected) in steps {
      #expect(DeliveryDeadlines.after([event], from: state, at: Sample.now) == expected)
      state = Delivery.evolve(state, event)
    }
  }
}
