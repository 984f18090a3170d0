import Messages
import Views

extension DashboardFold {
  static var paymentReaders: [String: Reader] {
    Dictionary(uniqueKeysWithValues: [
      on(PaymentRequested.self) { event, effect in effect.detail = won(event.amountWon) },
      on(PaymentAttempted.self) { event, effect in effect.detail = "attempt \(event.attempt)" },
      on(PaymentApproved.self) { event, effect in effect.detail = won(event.amountWon) },
      on(PaymentDeclined.self) { event, effect in effect.detail = event.reason },
      on(PaymentNotCharged.self) { event, effect in effect.detail = event.reason },
      on(PaymentUnknown.self) { event, effect in effect.detail = event.reason },
      on(PaymentVoided.self) { event, effect in effect.detail = event.reason },
      on(PaymentRefundRequested.self) { event, effect in
        effect.detail = "\(won(event.amountWon)): \(event.reason)"
      },
      on(PaymentRefunded.self) { event, effect in effect.detail = won(event.amountWon) },
      on(PaymentRefundFailed.self) { event, effect in effect.detail = event.reason },
      on(PaymentSettled.self) { event, effect in effect.detail = "kept \(won(event.keptWon))" },
    ])
  }

  static var ticketReaders: [String: Reader] {
    Dictionary(uniqueKeysWithValues: [
      on(TicketReceived.self) { event, effect in effect.detail = won(event.totalWon) },
      on(TicketAccepted.self) { event, effect in
        effect.detail = "about \(event.etaMinutes) minutes"
      },
      on(TicketRefused.self) { event, effect in effect.detail = event.reason },
      on(TicketConfirmed.self) { _, _ in },
      on(TicketWithdrawn.self) { event, effect in effect.detail = event.reason },
      on(TicketCookingStarted.self) { _, _ in },
      on(TicketCookingFinished.self) { _, _ in },
      on(TicketCancelAsked.self) { event, effect in effect.detail = event.reason },
      on(TicketCancelAgreed.self) { _, _ in },
      on(TicketCancelDeclined.self) { _, _ in },
      on(TicketRefundOffered.self) { event, effect in
        effect.detail = "offer \(event.number): \(event.reason)"
      },
      on(TicketOfferAnswered.self) { event, effect in
        effect.detail = event.answer == .accepted ? "accepted" : "declined"
      },
      on(TicketClosed.self) { _, _ in },
    ])
  }

  /// Who delivers follows the delivery; of riders who were only asked, nothing is told.
  static var deliveryReaders: [String: Reader] {
    Dictionary(uniqueKeysWithValues: [
      on(DeliveryOpened.self) { event, effect in effect.detail = event.area },
      on(DeliveryOffered.self) { event, effect in effect.detail = "round \(event.round)" },
      on(DeliveryOfferDeclined.self) { _, _ in },
      on(DeliveryOfferExpired.self) { event, effect in effect.detail = "round \(event.round)" },
      on(DeliveryAssigned.self) { event, effect in ride(event.riderID, &effect) },
      on(DeliveryFoodReady.self) { _, _ in },
      on(DeliveryStarted.self) { event, effect in ride(event.riderID, &effect) },
      on(DeliveryPickedUp.self) { event, effect in ride(event.riderID, &effect) },
      on(DeliveryCompleted.self) { event, effect in ride(event.riderID, &effect) },
      on(DeliveryUnassigned.self) { event, effect in
        effect.deliveryRiderID = ""
        effect.detail = event.reason
      },
      on(DeliveryReleased.self) { event, effect in
        effect.deliveryRiderID = ""
        effect.detail = event.reason
      },
      on(DeliveryEscalated.self) { _, effect in effect.detail = "no rider was found" },
    ])
  }

  private static func ride(_ riderID: String, _ effect: inout OrderEffect) {
    effect.deliveryRiderID = riderID
    effect.detail = "rider \(riderID)"
  }
}
