import Domain
import Journal
import Messages

@testable import Services

/// What must never stand in the journals: one case for each rule of the audit.
enum BrokenBooks: String, CaseIterable {
  // P1.
  case ticketWithoutOrder, ticketOfParkedOrder, placedWithoutPayment
  // P2.
  case orderGone
  // P3, among the events of a payment.
  case capturedTwice, refundAboveCapture, refundOfAnotherAmount, keptAnotherAmount
  // P3, between payment and order.
  case capturedAnotherAmount, heldAfterCancel, refundRefusedForEver, keptAfterCancel
  case heldAfterDelivery, promiseNotKept, givenWithoutPromise
  // P4.
  case orderWithoutDeadline, orderPastDeadline, paymentWithoutDeadline, paymentLeftAlone
  case openTicket, openDelivery, deliveredThoughUndone
  // The journals themselves.
  case orderEventThatDoesNotFit, ticketEventThatDoesNotFit, deliveryEventThatDoesNotFit
  case unknownEvent

  /// Brings it about beside an order that is paid and received, in a world with no other. Answers
  /// with what the audit has to find, and nothing else: promise and subject.
  func happen(in world: AuditWorld) async throws -> String {
    let paid = world.ids[0]
    return switch self {
    case .ticketWithoutOrder, .ticketOfParkedOrder, .placedWithoutPayment, .orderGone:
      try await happenUnpaid(world)
    case .capturedTwice, .refundAboveCapture, .refundOfAnotherAmount, .keptAnotherAmount:
      try await happenWithin(world, paid)
    case .capturedAnotherAmount, .heldAfterCancel, .refundRefusedForEver, .keptAfterCancel,
      .heldAfterDelivery, .promiseNotKept, .givenWithoutPromise:
      try await happenBetween(world, paid)
    case .orderWithoutDeadline, .orderPastDeadline, .paymentWithoutDeadline, .paymentLeftAlone,
      .openTicket, .openDelivery, .deliveredThoughUndone:
      try await happenWaiting(world, paid)
    case .orderEventThatDoesNotFit, .ticketEventThatDoesNotFit, .deliveryEventThatDoesNotFit,
      .unknownEvent:
      try await happenUnfitting(world, paid)
    }
  }

  private func happenUnpaid(_ world: AuditWorld) async throws -> String {
    switch self {
    case .ticketWithoutOrder:
      try await world.receive("o-1")
    case .ticketOfParkedOrder:
      world.money.provider.answer(.notCharged(reason: "overloaded", retryAfter: .zero))
      let id = try await world.money.place(MoneyWorld.request("parked")).orderID
      try await world.receive(id)
      return "P1 \(id)"
    case .placedWithoutPayment:
      try await world.submit("o-1")
      try await world.place("o-1")
    default:
      try await world.charge("o-1")
      try await world.approve("o-1")
      world.pass(.seconds(120))
      return "P2 o-1"
    }
    return "P1 o-1"
  }

  private func happenWithin(_ world: AuditWorld, _ id: String) async throws -> String {
    let key = RefundKey(validated: "cold")
    switch self {
    case .capturedTwice: try await world.approve(id, 20_000, as: "c-2")
    case .refundAboveCapture:
      try await world.askBack(id, key, 30_000)
      try await world.giveBack(id, key, 30_000)
    case .refundOfAnotherAmount:
      try await world.askBack(id, key, 5_000)
      try await world.giveBack(id, key, 6_000)
    default: try await world.settle(id, keeping: 19_000)
    }
    return "P3 \(id)"
  }

  private func happenBetween(_ world: AuditWorld, _ id: String) async throws -> String {
    switch self {
    case .capturedAnotherAmount:
      try await world.submit("o-1")
      try await world.charge("o-1")
      try await world.approve("o-1", 8_000)
      try await world.place("o-1")
      return "P3 o-1"
    case .keptAfterCancel:
      try await world.cancel(id)
      try await world.settle(id, keeping: 20_000)
      // Needs no time.
      return "P3 \(id)"
    case .heldAfterCancel:
      try await world.cancel(id)
      try await world.withdraw(id)
    case .refundRefusedForEver:
      try await world.cancel(id)
      try await world.withdraw(id)
      try await world.askBack(id, .void, 20_000)
      for _ in 1...4 {
        world.pass(.seconds(1200))
        try await world.append(
          Domain.Payment.self, id, .refundFailed(key: .void, reason: "no such card"))
      }
      return "P3 \(id)"
    case .heldAfterDelivery: try await world.deliver(id)
    case .promiseNotKept:
      try await world.deliver(id, offered: 5_000)
      try await world.settle(id, keeping: 20_000)
    default:
      try await world.deliver(id)
      try await world.askBack(id, .offer(1), 5_000)
      try await world.giveBack(id, .offer(1), 5_000)
      try await world.settle(id, keeping: 15_000)
    }
    world.pass(.seconds(120))
    return "P3 \(id)"
  }

  private func happenWaiting(_ world: AuditWorld, _ id: String) async throws -> String {
    switch self {
    case .orderWithoutDeadline:
      try await world.submit("o-1", deadlines: false)
      try await world.charge("o-1")
      try await world.approve("o-1")
      try await world.place("o-1", deadlines: false)
      return "P4 o-1"
    case .orderPastDeadline:
      world.pass(DeadlinePolicy.standard.storeUnreachable + .seconds(120))
    case .paymentWithoutDeadline:
      try await world.submit("o-1")
      try await world.charge("o-1", deadlines: false)
      return "P4 o-1"
    case .paymentLeftAlone:
      // The order that is paid waits no longer than this payment.
      try await world.undo(id)
      try await world.submit("o-1")
      try await world.charge("o-1")
      try await world.append(Domain.Order.self, "o-1", .expired(.paymentUnknown))
      try await world.append(Domain.Payment.self, "o-1", .voided(reason: ""))
      world.pass(PaymentDeadlines.refundRetryMax + .seconds(120))
      return "P4 o-1"
    case .openTicket:
      try await world.cancel(id)
      try await world.askBack(id, .void, 20_000)
      try await world.giveBack(id, .void, 20_000)
      world.pass(.seconds(120))
    case .deliveredThoughUndone:
      // Its customer could not have cancelled it any more.
      try await world.arrive(id)
      try await world.undo(id)
      world.pass(.seconds(120))
    default:
      try await world.open(id)
      try await world.undo(id)
      world.pass(.seconds(120))
    }
    return "P4 \(id)"
  }

  private func happenUnfitting(_ world: AuditWorld, _ id: String) async throws -> String {
    switch self {
    case .orderEventThatDoesNotFit:
      try await world.undo(id)
      try await world.append(Domain.Order.self, id, .cookingStarted)
      return "journal order/\(id)"
    case .ticketEventThatDoesNotFit:
      try await world.undo(id)
      try await world.append(Domain.Ticket.self, id, .confirmed)
      return "journal ticket/\(id)"
    case .deliveryEventThatDoesNotFit:
      try await world.open(id)
      try await world.append(Domain.Delivery.self, id, .escalated)
      try await world.append(Domain.Delivery.self, id, .escalated)
      return "journal delivery/\(id)"
    default:
      let stream = StreamKey(category: "order", id: id)
      let type = "baedal.order.v1.OrderTeleported"
      try await world.append(stream, [EncodedEvent(type: type, payload: [])])
      return "journal order/\(id)"
    }
  }
}

/// What may stand in the journals, though it looks strange.
enum SoundBooks: String, CaseIterable {
  case undone, delivered, offerGivenBack, offerAfterOperator, refundAfterDelivery
  case approvedAfterTheEnd, refundUnderWay, refundFailsForNow, ticketCatchesUp

  /// Brings it about in a world with one order that is paid and received.
  func happen(in world: AuditWorld) async throws {
    let id = world.ids[0]
    switch self {
    case .undone: try await world.undo(id)
    case .delivered:
      try await world.deliver(id)
      try await world.settle(id, keeping: 20_000)
    case .offerGivenBack: try await takeOffer(world, id)
    case .offerAfterOperator:
      try await refund(world, id, 18_000)
      try await world.deliver(id, offered: 5_000)
      try await world.askBack(id, .offer(1), 2_000)
      try await world.giveBack(id, .offer(1), 2_000)
    case .refundAfterDelivery:
      try await world.deliver(id)
      try await world.settle(id, keeping: 20_000)
      try await refund(world, id, 20_000)
    case .approvedAfterTheEnd:
      try await world.submit("o-1")
      try await world.charge("o-1")
      try await world.append(Domain.Order.self, "o-1", .expired(.paymentUnknown))
      try await world.append(Domain.Payment.self, "o-1", .voided(reason: ""))
      try await world.approve("o-1")
      try await world.askBack("o-1", .void, 9_000)
      try await world.giveBack("o-1", .void, 9_000)
    case .refundUnderWay, .refundFailsForNow, .ticketCatchesUp:
      return try await happenLately(world, id)
    }
    world.pass(.seconds(120))
  }

  /// What has not had its time yet.
  private func happenLately(_ world: AuditWorld, _ id: String) async throws {
    switch self {
    case .refundUnderWay: try await world.cancel(id)
    case .refundFailsForNow:
      try await world.cancel(id)
      try await world.askBack(id, .void, 20_000)
      try await world.append(
        Domain.Payment.self, id, .refundFailed(key: .void, reason: "no answer"))
    default:
      // The store was away while the order was placed and cancelled.
      let late = try await world.money.place(MoneyWorld.request("late")).orderID
      try await world.cancel(late)
      try await world.askBack(late, .void, 20_000)
      try await world.giveBack(late, .void, 20_000)
      world.pass(.seconds(120))
      try await world.receive(late)
    }
  }

  private func takeOffer(_ world: AuditWorld, _ id: String) async throws {
    try await world.deliver(id, offered: 5_000)
    try await world.askBack(id, .offer(1), 5_000)
    try await world.giveBack(id, .offer(1), 5_000)
    try await world.settle(id, keeping: 15_000)
  }

  private func refund(_ world: AuditWorld, _ id: String, _ amount: Int64) async throws {
    let key = RefundKey(validated: "cold")
    try await world.askBack(id, key, amount)
    try await world.giveBack(id, key, amount)
  }
}
