/// What happened to an order.
public enum OrderEvent: Hashable, Sendable {
  case submitted(OrderDraft)
  /// Attempt number `attempt` was asked for; the first one is part of `submitted`. Without a
  /// method it is by the one before.
  case paymentRequested(attempt: Int, method: PaymentMethod?)
  /// Paid; from here on the store may know of it, and this is all it is told.
  case placed(paymentKey: PaymentKey, amount: Won, store: StoreID, lines: [OrderLine])
  case parked(reason: String, until: Timestamp)
  case paymentUnknown(until: Timestamp)
  case receivedByStore(at: Timestamp)
  /// The store's wish, confirmed; with what delivery has to know.
  case accepted(etaMinutes: Int, store: StoreID, area: Area, address: String)
  case rejected(OrderRejectReason)
  case cookingStarted
  case cookingFinished
  case deliveryStarted(rider: RiderID)
  case pickedUp(rider: RiderID)
  case delivered(rider: RiderID)
  case refundOffered(RefundOffer)
  /// So much is given back, and the store bears it.
  case refundAccepted(number: Int, amount: Won, reason: String)
  case refundDeclined(number: Int)
  case cancelRequested(reason: String)
  case cancelDeclined
  /// `by` is whose wish it was: the customer's also when the store agreed or stayed silent.
  case cancelled(by: Role, reason: String)
  case expired(OrderExpiryReason)

  public var kind: OrderEventKind {
    switch self {
    case .submitted: .submitted
    case .paymentRequested: .paymentRequested
    case .placed: .placed
    case .parked: .parked
    case .paymentUnknown: .paymentUnknown
    case .receivedByStore: .receivedByStore
    case .accepted: .accepted
    case .rejected: .rejected
    case .cookingStarted: .cookingStarted
    case .cookingFinished: .cookingFinished
    case .deliveryStarted: .deliveryStarted
    case .pickedUp: .pickedUp
    case .delivered: .delivered
    case .refundOffered: .refundOffered
    case .refundAccepted: .refundAccepted
    case .refundDeclined: .refundDeclined
    case .cancelRequested: .cancelRequested
    case .cancelDeclined: .cancelDeclined
    case .cancelled: .cancelled
    case .expired: .expired
    }
  }
}

/// The events without their values, named as the road names them.
public enum OrderEventKind: String, CaseIterable, Hashable, Sendable {
  case submitted = "OrderSubmitted"
  case paymentRequested = "OrderPaymentRequested"
  case placed = "OrderPlaced"
  case parked = "OrderParked"
  case paymentUnknown = "OrderPaymentUnknown"
  case receivedByStore = "OrderReceivedByStore"
  case accepted = "OrderAccepted"
  case rejected = "OrderRejected"
  case cookingStarted = "OrderCookingStarted"
  case cookingFinished = "OrderCookingFinished"
  case deliveryStarted = "OrderDeliveryStarted"
  case pickedUp = "OrderPickedUp"
  case delivered = "OrderDelivered"
  case refundOffered = "OrderRefundOffered"
  case refundAccepted = "OrderRefundAccepted"
  case refundDeclined = "OrderRefundDeclined"
  case cancelRequested = "OrderCancelRequested"
  case cancelDeclined = "OrderCancelDeclined"
  case cancelled = "OrderCancelled"
  case expired = "OrderExpired"
}

/// Why an order was rejected.
public enum OrderRejectReason: Hashable, Sendable {
  /// With what the payment side said.
  case paymentDeclined(String)
  /// With what the store said.
  case storeRefused(String)
  case storeSilent
}

/// Why an order expired.
public enum OrderExpiryReason: String, CaseIterable, Hashable, Sendable {
  /// Parked, and not paid in time.
  case notPaid
  /// The outcome of its payment stayed unknown.
  case paymentUnknown
  /// It could not be paid at once, and was not allowed to wait.
  case paymentUnavailable
}
