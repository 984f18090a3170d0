/// What can be asked of a payment. Who may ask what, and when, is in `Payment.table`.
public enum PaymentCommand: Hashable, Sendable {
  /// Capture the amount. Again with the same body it attempts anew if, and only if, the attempt
  /// before is known not to have charged; then also by another method.
  case charge(PaymentRequest)
  case recordApproved(attempt: Int, reference: ProviderReference, amount: Won)
  case recordDeclined(attempt: Int, reason: String)
  /// The attempt is known not to have charged.
  case recordNotCharged(attempt: Int, reason: String)
  /// The attempt may have charged or not.
  case recordUnknown(attempt: Int, reason: String)
  /// The order ended without being delivered: give everything back, now or when it turns up.
  case void(reason: String)
  /// Give a part back.
  case requestRefund(key: RefundKey, amount: Won, reason: String, bearer: RefundBearer)
  case recordRefunded(key: RefundKey, reference: ProviderReference)
  /// The refund did not go through; it stays to be done.
  case recordRefundFailed(key: RefundKey, reason: String)
  /// The order was delivered: what is left is kept.
  case settle

  public var kind: PaymentCommandKind {
    switch self {
    case .charge: .charge
    case .recordApproved: .recordApproved
    case .recordDeclined: .recordDeclined
    case .recordNotCharged: .recordNotCharged
    case .recordUnknown: .recordUnknown
    case .void: .void
    case .requestRefund: .requestRefund
    case .recordRefunded: .recordRefunded
    case .recordRefundFailed: .recordRefundFailed
    case .settle: .settle
    }
  }
}

/// The commands without their values.
public enum PaymentCommandKind: String, CaseIterable, Hashable, Sendable {
  case charge, recordApproved, recordDeclined, recordNotCharged, recordUnknown
  case void, requestRefund, recordRefunded, recordRefundFailed, settle
}

/// What is to be paid, for which order.
public struct PaymentRequest: Hashable, Sendable {
  public let key: PaymentKey
  public let order: OrderID
  public let customer: CustomerID
  public let store: StoreID
  public let amount: Won
  public var method: PaymentMethod

  public init(
    key: PaymentKey, order: OrderID, customer: CustomerID, store: StoreID, amount: Won,
    method: PaymentMethod
  ) {
    self.key = key
    self.order = order
    self.customer = customer
    self.store = store
    self.amount = amount
    self.method = method
  }
}

/// Who pays for a refund.
public enum RefundBearer: String, CaseIterable, Hashable, Sendable {
  case store
  case platform
}
