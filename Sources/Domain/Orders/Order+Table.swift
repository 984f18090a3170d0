extension Order {
  public typealias Table = TransitionTable<OrderPhase, OrderCommandKind, OrderEventKind>

  public static let table = Table(
    paymentRows + storeRows + deliveryRows + cancelRows + offerRows + deadlineRows)

  private static let existing = OrderPhase.allCases.filter { $0 != .none }
  private static let terminal = OrderPhase.allCases.filter(\.isTerminal)
  /// Neither paid nor over.
  private static let unpaid: [OrderPhase] = [.pendingPayment, .awaitingPayment, .paymentUnknown]
  /// Paid, accepted, and not over; in the order of the road.
  private static let afterAccept: [OrderPhase] = [
    .accepted, .cancelRequested, .cooking, .ready, .deliveryStarted, .pickedUp,
  ]
  private static let failed: [OrderPhase] = [.rejected, .cancelled, .expired]

  private static let paymentRows: [Table.Row] = [
    .on(
      .submit, in: [.none], by: [.customer], .to(.pendingPayment, .submitted),
      .to(.awaitingPayment, .submitted, .parked),
      when: "lines add up to the total; the customer's own order; parked without a method"),
    .on(
      .submit, in: existing, by: [.customer], .ignored,
      when: "same fingerprint, else conflict"),
    .on(
      .paymentApproved, in: unpaid, by: [.service],
      .to(.placed, .placed), .to(.rejected, .rejected),
      when: "the order's own key; another amount than the total rejects"),
    .on(
      .paymentApproved, in: [.placed] + afterAccept + terminal, by: [.service], .ignored,
      when: "after the end, payment refunds by itself"),
    .on(.paymentDeclined, in: unpaid, by: [.service], .to(.rejected, .rejected)),
    .on(.paymentDeclined, in: [.placed] + afterAccept + terminal, by: [.service], .ignored),
    .on(
      .park, in: [.pendingPayment, .paymentUnknown], by: [.service],
      .to(.awaitingPayment, .parked), .to(.expired, .expired),
      when: "expires when it may not wait; parking again does not extend the first"),
    .on(
      .park, in: [.awaitingPayment, .placed] + afterAccept + terminal, by: [.service], .ignored),
    .on(
      .markPaymentUnknown, in: [.pendingPayment], by: [.service],
      .to(.paymentUnknown, .paymentUnknown)),
    .on(
      .markPaymentUnknown,
      in: [.awaitingPayment, .paymentUnknown, .placed] + afterAccept + terminal,
      by: [.service], .ignored),
    .on(
      .pay, in: [.awaitingPayment], by: [.customer, .service, .operator],
      .to(.pendingPayment, .paymentRequested), when: "the same payment key; some method"),
    .on(
      .pay, in: [.pendingPayment, .paymentUnknown, .placed] + afterAccept + [.delivered],
      by: [.customer, .service, .operator], .ignored, when: "under way or paid already"),
    .on(.pay, in: failed, by: [.service], .ignored),
  ]

  private static let storeRows: [Table.Row] = [
    .on(
      .storeReceived, in: [.placed], by: [.service], .stay(.receivedByStore), .ignored,
      when: "once"),
    .on(.storeReceived, in: afterAccept + terminal, by: [.service], .ignored),
    .on(
      .storeAccepted, in: [.placed], by: [.service], .to(.accepted, .accepted),
      when: "1 to 240 minutes"),
    .on(.storeAccepted, in: afterAccept + terminal, by: [.service], .ignored),
    .on(.storeRefused, in: [.placed], by: [.service], .to(.rejected, .rejected)),
    .on(.storeRefused, in: afterAccept + terminal, by: [.service], .ignored),
    .on(.cookingStarted, in: [.accepted], by: [.service], .to(.cooking, .cookingStarted)),
    .on(
      .cookingStarted, in: [.cancelRequested], by: [.service],
      .to(.cooking, .cancelDeclined, .cookingStarted), when: "the store declined by cooking"),
    .on(
      .cookingStarted, in: [.cooking, .ready, .deliveryStarted, .pickedUp] + terminal,
      by: [.service], .ignored),
    .on(.cookingFinished, in: [.cooking], by: [.service], .to(.ready, .cookingFinished)),
    .on(
      .cookingFinished, in: [.ready, .deliveryStarted, .pickedUp] + terminal, by: [.service],
      .ignored),
  ]

  private static let deliveryRows: [Table.Row] = [
    .on(
      .deliveryStarted, in: [.ready], by: [.service], .to(.deliveryStarted, .deliveryStarted)),
    .on(
      .deliveryStarted, in: [.deliveryStarted, .pickedUp] + terminal, by: [.service], .ignored,
      when: "the same rider while it is on its way, else conflict"),
    .on(
      .pickedUp, in: [.deliveryStarted], by: [.service], .to(.pickedUp, .pickedUp),
      when: "the rider who started"),
    .on(
      .pickedUp, in: [.pickedUp] + terminal, by: [.service], .ignored,
      when: "the same rider while it is on its way, else conflict"),
    .on(
      .deliveryCompleted, in: [.pickedUp], by: [.service], .to(.delivered, .delivered),
      when: "the rider who picked up"),
    .on(.deliveryCompleted, in: terminal, by: [.service], .ignored),
  ]

  private static let cancelRows: [Table.Row] = [
    .on(
      .cancel, in: unpaid + [.placed], by: [.customer, .operator], .to(.cancelled, .cancelled),
      when: "a payment approved later is refunded"),
    .on(
      .cancel, in: [.accepted], by: [.customer], .to(.cancelRequested, .cancelRequested),
      when: "the store must agree"),
    .on(.cancel, in: [.cancelRequested, .cancelled], by: [.customer], .ignored),
    .on(.cancel, in: afterAccept, by: [.operator], .to(.cancelled, .cancelled)),
    .on(.cancel, in: [.cancelled], by: [.operator], .ignored),
    .on(.agreeCancel, in: [.cancelRequested], by: [.service], .to(.cancelled, .cancelled)),
    .on(
      .agreeCancel, in: [.accepted], by: [.service], .to(.cancelled, .cancelled),
      when: "the store has let go of it, whatever was declined meanwhile"),
    .on(
      .agreeCancel, in: [.cooking, .ready, .deliveryStarted, .pickedUp] + terminal,
      by: [.service], .ignored),
    .on(
      .declineCancel, in: [.cancelRequested], by: [.service], .to(.accepted, .cancelDeclined),
      when: "the store keeps it, or was not reached in time"),
    .on(
      .declineCancel, in: [.accepted, .cooking, .ready, .deliveryStarted, .pickedUp] + terminal,
      by: [.service], .ignored),
  ]

  private static let offerRows: [Table.Row] = [
    .on(
      .storeOffered, in: [.accepted, .cancelRequested, .cooking, .ready], by: [.service],
      .stay(.refundOffered), .ignored, when: "once for each number"),
    .on(
      .storeOffered, in: [.deliveryStarted, .pickedUp] + terminal, by: [.service], .ignored,
      when: "the food has left"),
    .on(
      .answerOffer, in: afterAccept, by: [.customer, .operator], .stay(.refundAccepted),
      .stay(.refundDeclined), .ignored, when: "the open offer; the same answer again is ignored"),
  ]

  private static let deadlineRows: [Table.Row] = [
    .on(
      .deadlinePassed, in: [.pendingPayment], by: [.service],
      .to(.paymentUnknown, .paymentUnknown), .ignored, when: "paymentPending"),
    .on(
      .deadlinePassed, in: [.awaitingPayment], by: [.service], .to(.expired, .expired), .ignored,
      when: "paymentParked"),
    .on(
      .deadlinePassed, in: [.paymentUnknown], by: [.service], .to(.expired, .expired), .ignored,
      when: "paymentUnknown"),
    .on(
      .deadlinePassed, in: [.placed], by: [.service], .to(.rejected, .rejected), .ignored,
      when: "storeSilent"),
    .on(
      .deadlinePassed, in: [.cancelRequested], by: [.service], .to(.cancelled, .cancelled),
      .ignored, when: "cancelSilent: the silence of a store that was asked is consent"),
    .on(
      .deadlinePassed, in: [.accepted, .cooking, .ready, .deliveryStarted, .pickedUp],
      by: [.service], .to(.cancelled, .cancelled), .ignored, when: "stalled"),
    .on(.deadlinePassed, in: terminal, by: [.service], .ignored),
  ]
}
