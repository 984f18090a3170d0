import Testing

@testable import Domain

@Suite("Order")
struct OrderTests {
  private func decide(
    _ command: OrderCommand, _ history: [OrderEvent], by role: Role = .service
  ) throws(Rejection) -> [OrderEvent] {
    let state = Order.evolve(Order.initial, history)
    return try Order.decide(command, state: state, by: Sample.owner(role), at: Sample.now)
  }

  @Test("the whole road leads from submit to delivered, step by step")
  func road() throws {
    let commands: [(OrderCommand, Role)] = [
      (.submit(Sample.draft()), .customer),
      (.paymentApproved(key: Sample.key, amount: Sample.total), .service),
      (.storeReceived(at: Sample.now), .service), (.storeAccepted(etaMinutes: 15), .service),
      (.cookingStarted, .service), (.cookingFinished, .service),
      (.deliveryStarted(rider: Sample.rider), .service),
      (.pickedUp(rider: Sample.rider), .service),
      (.deliveryCompleted(rider: Sample.rider), .service),
    ]
    var history: [OrderEvent] = []
    for (command, role) in commands { history += try decide(command, history, by: role) }
    #expect(
      history.map(\.kind.rawValue) == [
        "OrderSubmitted", "OrderPlaced", "OrderReceivedByStore", "OrderAccepted",
        "OrderCookingStarted", "OrderCookingFinished", "OrderDeliveryStarted", "OrderPickedUp",
        "OrderDelivered",
      ])
    let state = Order.evolve(Order.initial, history)
    #expect(state.phase == .delivered && state.isPaid && state.ending == nil)
    #expect(state.rider == Sample.rider && state.etaMinutes == 15)
  }

  @Test("what the store and delivery need to know travels with the event that tells them")
  func selfContainedEvents() throws {
    let approval = OrderCommand.paymentApproved(key: Sample.key, amount: Sample.total)
    #expect(try decide(approval, OrderSamples.submitted) == [Sample.placed])
    #expect(
      try decide(.storeAccepted(etaMinutes: 7), OrderSamples.placed) == [Sample.accepted(7)])
  }

  @Test("every phase reached without a payment is invisible to the store")
  func unpaidIsInvisible() {
    for history in OrderSamples.histories {
      let state = Order.evolve(Order.initial, history)
      let wasPaid = history.contains { $0.kind == .placed }
      #expect(state.isVisible(to: .store(Sample.store)) == wasPaid, "\(state.phase)")
      #expect(state.isPaid == wasPaid)
    }
  }

  @Test("an order is seen by its customer, its rider, operators and services, and by no stranger")
  func visibility() {
    let state = Order.evolve(Order.initial, OrderSamples.started)
    for owner in Sample.owners {
      #expect(state.isVisible(to: owner))
      #expect(state.isAddressVisible(to: owner) == (owner.role != .store))
    }
    for stranger in Sample.strangers {
      #expect(!state.isVisible(to: stranger))
      #expect(!state.isAddressVisible(to: stranger))
    }
    let ready = Order.evolve(Order.initial, OrderSamples.ready)
    #expect(!ready.isVisible(to: .rider(Sample.rider)))
    #expect(!Order.initial.isVisible(to: .customer(Sample.customer)))
  }

  @Test("the same order again is the same order; with another body it is a conflict")
  func idempotency() throws {
    for history in OrderSamples.histories where !history.isEmpty {
      #expect(try decide(.submit(Sample.draft()), history, by: .customer).isEmpty)
      #expect(
        throwsCode(.conflict) {
          try decide(.submit(Sample.draft(fingerprint: "f-2")), history, by: .customer)
        })
    }
  }

  @Test("an order is refused for another customer, without lines, or with sums that are wrong")
  func badDrafts() {
    let free = OrderLine(item: Sample.noodles, name: "물", unitPrice: .zero, quantity: 1)
    let many = OrderLine(item: Sample.noodles, name: "물", unitPrice: won(1), quantity: 100)
    let huge = OrderLine(item: Sample.noodles, name: "금", unitPrice: .max, quantity: 2)
    let drafts = [
      Sample.draft(lines: [], total: .zero), Sample.draft(total: won(25_999)),
      Sample.draft(lines: [free], total: .zero), Sample.draft(lines: [many], total: won(100)),
      Sample.draft(lines: [huge], total: .max), Sample.draft(address: " "),
      Sample.draft(address: String(repeating: "가", count: 167)),
      Sample.draft(lines: Array(repeating: Sample.lines[1], count: 51), total: won(408_000)),
    ]
    for draft in drafts {
      #expect(throwsCode(.invalid) { try decide(.submit(draft), [], by: .customer) })
    }
    let other = Sample.draft(customer: CustomerID(validated: "c-2"))
    #expect(throwsCode(.notYours) { try decide(.submit(other), [], by: .customer) })
  }

  @Test("an approval over another amount rejects the order instead of placing it")
  func wrongAmount() throws {
    let events = try decide(
      .paymentApproved(key: Sample.key, amount: won(1)), OrderSamples.submitted)
    #expect(events.map(\.kind) == [.rejected])
  }

  @Test("paying again keeps the attempts counted, and parking again does not buy time")
  func payAgain() throws {
    var history = OrderSamples.parked
    history += try decide(.pay(nil), history, by: .customer)
    #expect(history.last == .paymentRequested(attempt: 2, method: nil))
    let far = Sample.later.advanced(by: .seconds(3600))
    history += try decide(.park(reason: "busy still", until: far), history)
    #expect(history.last == .parked(reason: "busy still", until: Sample.later))
  }

  @Test("an order that may not wait expires instead of being parked")
  func noParking() throws {
    let events = try decide(.park(reason: "busy", until: Sample.later), OrderSamples.impatient)
    #expect(events == [.expired(.paymentUnavailable)])
  }

  @Test("cancel against accept: whichever comes first wins, wholly")
  func cancelAgainstAccept() throws {
    let cancelled =
      OrderSamples.placed
      + (try decide(
        .cancel(reason: "x"), OrderSamples.placed, by: .customer))
    #expect(try decide(.storeAccepted(etaMinutes: 5), cancelled).isEmpty)

    let accepted =
      OrderSamples.placed
      + (try decide(
        .storeAccepted(etaMinutes: 5), OrderSamples.placed))
    #expect(
      try decide(.cancel(reason: "x"), accepted, by: .customer) == [.cancelRequested(reason: "x")])
  }

  @Test("a store that cooks has declined to cancel; a store that says nothing has agreed")
  func cancelAnswers() throws {
    let asked = OrderSamples.cancelRequested
    #expect(try decide(.cookingStarted, asked) == [.cancelDeclined, .cookingStarted])
    let consent: [OrderEvent] = [.cancelled(by: .customer, reason: "changed my mind")]
    #expect(try decide(.deadlinePassed(.cancelSilent, .standard), asked) == consent)
    #expect(try decide(.agreeCancel, asked) == consent)
  }

  @Test("once cooking has begun, a customer cannot cancel, and the refusal names the state")
  func noCancelWhileCooking() {
    let state = Order.evolve(Order.initial, OrderSamples.cooking)
    #expect {
      try Order.decide(
        .cancel(reason: ""), state: state, by: .customer(Sample.customer), at: Sample.now)
    } throws: { error in
      let rejection = error as? Rejection
      return rejection?.code == .illegalState && rejection?.state == "cooking"
        && rejection?.command == "cancel"
    }
  }

  @Test("steps out of order are refused")
  func outOfOrder() {
    let wrong: [(OrderCommand, [OrderEvent])] = [
      (.deliveryStarted(rider: Sample.rider), OrderSamples.accepted),
      (.deliveryStarted(rider: Sample.rider), OrderSamples.cooking),
      (.pickedUp(rider: Sample.rider), OrderSamples.ready),
      (.deliveryCompleted(rider: Sample.rider), OrderSamples.started),
      (.cookingFinished, OrderSamples.accepted), (.cookingStarted, OrderSamples.placed),
      (.storeAccepted(etaMinutes: 5), OrderSamples.submitted),
      (.storeReceived(at: Sample.now), OrderSamples.parked),
    ]
    for (command, history) in wrong {
      #expect(throwsCode(.illegalState) { try decide(command, history) }, "\(command.kind)")
    }
  }

  @Test("only the rider who started can pick up, and only that one can deliver")
  func sameRider() {
    let other = Sample.otherRider
    #expect(throwsCode(.conflict) { try decide(.pickedUp(rider: other), OrderSamples.started) })
    #expect(
      throwsCode(.conflict) { try decide(.deliveryCompleted(rider: other), OrderSamples.pickedUp) })
  }

  @Test("any sequence of commands whatever keeps an order on the road, and its end final")
  func randomWalks() {
    for seed in 0..<3000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var state = Order.initial
      var wasPaid = false
      for _ in 0..<40 {
        guard let command = OrderSamples.commands.randomElement(using: &generator),
          let principal = (Sample.owners + Sample.strangers).randomElement(using: &generator),
          let events = try? Order.decide(command, state: state, by: principal, at: Sample.now)
        else { continue }
        let next = Order.evolve(state, events)
        if state.phase.isTerminal, next != state { Issue.record("seed \(seed): left its end") }
        wasPaid = wasPaid || events.contains { $0.kind == .placed }
        let onTheRoad: Set<OrderPhase> = [
          .placed, .accepted, .cancelRequested, .cooking, .ready, .deliveryStarted, .pickedUp,
          .delivered,
        ]
        if !wasPaid, onTheRoad.contains(next.phase) {
          Issue.record("seed \(seed): \(next.phase) without a payment")
        }
        state = next
      }
    }
  }
}

/// Whether `body` is refused with this code.
func throwsCode(_ code: Rejection.Code, _ body: () throws -> some Any) -> Bool {
  do {
    _ = try body()
    return false
  } catch {
    return (error as? Rejection)?.code == code
  }
}
