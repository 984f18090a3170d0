import Domain

extension Setting {
  static let deadlines: [Setting] = [
    after(
      "payment_pending_s", \.deadlines.paymentPending, "From a payment's request to its outcome."),
    after("payment_parked_s", \.deadlines.paymentParked, "A parked order expires unpaid."),
    after(
      "payment_unknown_s", \.deadlines.paymentUnknown, "An order waits for an unknown payment."),
    after("store_silent_s", \.deadlines.storeSilent, "The store answers a ticket it has received."),
    after(
      "store_unreachable_s", \.deadlines.storeUnreachable,
      "The store, or the rider, is in reach at all."),
    after("cancel_silent_s", \.deadlines.cancelSilent, "The store answers a wish to cancel."),
    after("stalled_s", \.deadlines.stalled, "From any step after acceptance to the next."),
    after("attempt_silent_s", \.deadlines.attemptSilent, "The provider is asked about an attempt."),
    after("ask_again_s", \.deadlines.askAgain, "Between two questions about an unknown outcome."),
    after("refund_retry_s", \.deadlines.refundRetry, "A refund is tried again."),
    after("offer_s", \.deadlines.offer, "A rider answers an offer."),
    after("no_rider_s", \.deadlines.noRider, "Somebody looks for a rider again."),
    after("rider_idle_s", \.deadlines.riderIdle, "An assigned rider sets out once food is ready."),
    .integer(
      "deadlines.offers_max", \.deadlines.offersMax, 1...1000,
      "After so many offers in vain people look at a delivery."),
  ]

  private static func after(
    _ name: String, _ place: Place<Duration>, _ doc: String
  ) -> Setting {
    .time("deadlines.\(name)", place, in: .seconds, 0.01...2_592_000, doc)
  }
}
