@testable import Domain

/// Orders in every phase, and every command, with the variants that the guards tell apart.
enum OrderSamples {
  static let submitted: [OrderEvent] = [.submitted(Sample.draft())]
  static let parked: [OrderEvent] =
    submitted + [.parked(reason: "busy", until: Sample.later)]
  static let unknown: [OrderEvent] = submitted + [.paymentUnknown(until: Sample.later)]
  static let placed: [OrderEvent] = submitted + [Sample.placed]
  static let accepted: [OrderEvent] =
    placed + [.receivedByStore(at: Sample.now), Sample.accepted(20)]
  static let cancelRequested = accepted + [.cancelRequested(reason: "changed my mind")]
  static let offered = accepted + [.refundOffered(Sample.offer)]
  static let refunded =
    offered + [.refundAccepted(number: 1, amount: Sample.offer.amount, reason: "sold out")]
  static let unspecified: [OrderEvent] = [
    .submitted(Sample.draft(method: nil)), .parked(reason: "none yet", until: Sample.later),
  ]
  static let cooking = accepted + [.cookingStarted]
  static let ready = cooking + [.cookingFinished]
  static let started = ready + [.deliveryStarted(rider: Sample.rider)]
  static let pickedUp = started + [.pickedUp(rider: Sample.rider)]
  static let delivered = pickedUp + [.delivered(rider: Sample.rider)]
  static let rejected = placed + [.rejected(.storeSilent)]
  static let cancelled = placed + [.cancelled(by: .customer, reason: "")]
  static let expired = parked + [.expired(.notPaid)]
  static let impatient: [OrderEvent] = [.submitted(Sample.draft(allowParking: false))]

  static let histories: [[OrderEvent]] = [
    [], submitted, impatient, parked, unknown, placed,
    placed + [.receivedByStore(at: Sample.now)], accepted, cancelRequested,
    cancelRequested + [.cancelDeclined], cooking, ready, started, pickedUp, delivered, rejected,
    cancelled, expired, impatient + [.paymentUnknown(until: Sample.later)], offered, refunded,
    offered + [.refundDeclined(number: 1)], offered + [.cancelRequested(reason: "no")],
    offered + [.cookingStarted], offered + [.cookingStarted, .cookingFinished], unspecified,
    offered + [.cookingStarted, .cookingFinished, .deliveryStarted(rider: Sample.rider)],
    offered + [
      .cookingStarted, .cookingFinished, .deliveryStarted(rider: Sample.rider),
      .pickedUp(rider: Sample.rider),
    ],
  ]

  static let commands: [OrderCommand] =
    [
      .submit(Sample.draft()), .submit(Sample.draft(fingerprint: "f-2")),
      .submit(Sample.draft(total: won(1))),
      .paymentApproved(key: Sample.key, amount: Sample.total),
      .paymentApproved(key: Sample.key, amount: won(1)),
      .paymentApproved(key: PaymentKey(validated: "other"), amount: Sample.total),
      .paymentDeclined(reason: "no cover"), .park(reason: "busy", until: Sample.later),
      .submit(Sample.draft(method: nil)), .submit(Sample.draft(allowParking: false, method: nil)),
      .markPaymentUnknown(until: Sample.later), .pay(nil), .pay(PaymentMethod(validated: "b")),
      .storeOffered(number: 1, items: Sample.offer.items, reason: "sold out"),
      .storeOffered(number: 2, items: Sample.offer.items, reason: "sold out"),
      .answerOffer(number: 1, accept: true), .answerOffer(number: 1, accept: false),
      .storeReceived(at: Sample.now),
      .storeAccepted(etaMinutes: 20), .storeAccepted(etaMinutes: 0),
      .storeAccepted(etaMinutes: 241), .storeRefused(reason: "no rice"), .cookingStarted,
      .cookingFinished, .deliveryStarted(rider: Sample.rider),
      .deliveryStarted(rider: Sample.otherRider), .pickedUp(rider: Sample.rider),
      .pickedUp(rider: Sample.otherRider), .deliveryCompleted(rider: Sample.rider),
      .deliveryCompleted(rider: Sample.otherRider), .cancel(reason: "changed my mind"),
      .agreeCancel, .declineCancel,
    ] + OrderDeadline.allCases.map { .deadlinePassed($0, .standard) }
}
