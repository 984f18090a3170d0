import Testing

@testable import Domain

@Suite("Order: every state, every command, every role")
struct OrderTableTests {
  @Test("an order takes exactly the steps written down here, by exactly these roles")
  func steps() {
    let check = TableCheck<Order>(
      situations: OrderSamples.histories.map(Situation.init), commands: OrderSamples.commands)
    check.expectExactly(
      """
      none submit customer -> pendingPayment
      none submit customer -> awaitingPayment
      pendingPayment,awaitingPayment,paymentUnknown paymentApproved service -> placed
      pendingPayment,awaitingPayment,paymentUnknown paymentApproved service -> rejected
      pendingPayment,awaitingPayment,paymentUnknown paymentDeclined service -> rejected
      pendingPayment,paymentUnknown park service -> awaitingPayment
      pendingPayment,paymentUnknown park service -> expired
      pendingPayment markPaymentUnknown service -> paymentUnknown
      awaitingPayment pay customer,service,operator -> pendingPayment
      placed storeAccepted service -> accepted
      placed storeRefused service -> rejected
      accepted,cancelRequested cookingStarted service -> cooking
      cooking cookingFinished service -> ready
      ready deliveryStarted service -> deliveryStarted
      deliveryStarted pickedUp service -> pickedUp
      pickedUp deliveryCompleted service -> delivered
      pendingPayment,awaitingPayment,paymentUnknown,placed cancel customer,operator -> cancelled
      accepted cancel customer -> cancelRequested
      accepted,cancelRequested,cooking,ready cancel operator -> cancelled
      deliveryStarted,pickedUp cancel operator -> cancelled
      cancelRequested agreeCancel service -> cancelled
      accepted agreeCancel service -> cancelled
      cancelRequested declineCancel service -> accepted
      pendingPayment deadlinePassed service -> paymentUnknown
      awaitingPayment deadlinePassed service -> expired
      paymentUnknown deadlinePassed service -> expired
      placed deadlinePassed service -> rejected
      cancelRequested deadlinePassed service -> cancelled
      accepted,cooking,ready,deliveryStarted,pickedUp deadlinePassed service -> cancelled
      """)
  }

  @Test("a terminal order stays as it is, whatever event comes")
  func terminalStaysTerminal() {
    let events = OrderSamples.histories.flatMap { $0 }
    for history in OrderSamples.histories {
      let state = Order.evolve(Order.initial, history)
      guard state.phase.isTerminal else { continue }
      for event in events { #expect(Order.evolve(state, event) == state) }
    }
  }

  @Test("nobody but a service can report payment, store, delivery or a deadline")
  func serviceCommands() {
    let reports: Set<OrderCommandKind> = [
      .paymentApproved, .paymentDeclined, .park, .markPaymentUnknown, .storeReceived,
      .storeAccepted, .storeRefused, .storeOffered, .cookingStarted, .cookingFinished,
      .deliveryStarted, .pickedUp, .deliveryCompleted, .agreeCancel, .declineCancel,
      .deadlinePassed,
    ]
    for kind in reports {
      for role in Role.allCases where role != .service {
        #expect(!Order.table.isAllowed(role, kind), "\(kind) by \(role)")
      }
    }
  }

  @Test("a report that comes late, to an order that is over, is never an error")
  func lateReports() throws {
    let reports = OrderSamples.commands.filter {
      ![.submit, .pay, .cancel, .answerOffer].contains($0.kind)
        && $0 != .paymentApproved(key: PaymentKey(validated: "other"), amount: Sample.total)
    }
    for history in OrderSamples.histories {
      let state = Order.evolve(Order.initial, history)
      guard state.phase.isTerminal else { continue }
      for command in reports {
        let events = try Order.decide(command, state: state, by: .service("s"), at: Sample.now)
        #expect(events.isEmpty, "\(state.phase) \(command)")
      }
    }
  }
}
