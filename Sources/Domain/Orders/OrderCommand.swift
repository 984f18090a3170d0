/// What can be asked of an order. Who may ask what, and when, is in `Order.table`.
public enum OrderCommand: Hashable, Sendable {
  /// The customer taps *order and pay*. The prices are the server's own.
  case submit(OrderDraft)
  /// The payment of this order was captured.
  case paymentApproved(key: PaymentKey, amount: Won)
  /// The payment was declined, for good.
  case paymentDeclined(reason: String)
  /// Payment cannot be attempted now; wait for the customer or for a paced drain.
  case park(reason: String, until: Timestamp)
  /// An attempt was made and nobody knows its outcome.
  case markPaymentUnknown(until: Timestamp)
  /// Pay a parked order, under the same payment key; nil is by the method it had.
  case pay(PaymentMethod?)
  /// The ticket reached the store: its time to answer starts.
  case storeReceived(at: Timestamp)
  /// The store wants the order; a request until the order confirms it.
  case storeAccepted(etaMinutes: Int)
  case storeRefused(reason: String)
  /// The store cannot deliver these and offers their price back.
  case storeOffered(number: Int, items: [OfferedItem], reason: String)
  /// The customer takes the open offer, or not.
  case answerOffer(number: Int, accept: Bool)
  case cookingStarted
  case cookingFinished
  /// 배달 시작.
  case deliveryStarted(rider: RiderID)
  case pickedUp(rider: RiderID)
  case deliveryCompleted(rider: RiderID)
  case cancel(reason: String)
  /// The store lets go of an order it had accepted.
  case agreeCancel
  /// The store keeps an order it had accepted, or could not be asked.
  case declineCancel
  /// A deadline fired. Of a kind that does not fit the state, it does nothing; the policy says how
  /// long what comes of it may last.
  case deadlinePassed(OrderDeadline, DeadlinePolicy)

  public var kind: OrderCommandKind {
    switch self {
    case .submit: .submit
    case .paymentApproved: .paymentApproved
    case .paymentDeclined: .paymentDeclined
    case .park: .park
    case .markPaymentUnknown: .markPaymentUnknown
    case .pay: .pay
    case .storeReceived: .storeReceived
    case .storeAccepted: .storeAccepted
    case .storeRefused: .storeRefused
    case .storeOffered: .storeOffered
    case .answerOffer: .answerOffer
    case .cookingStarted: .cookingStarted
    case .cookingFinished: .cookingFinished
    case .deliveryStarted: .deliveryStarted
    case .pickedUp: .pickedUp
    case .deliveryCompleted: .deliveryCompleted
    case .cancel: .cancel
    case .agreeCancel: .agreeCancel
    case .declineCancel: .declineCancel
    case .deadlinePassed: .deadlinePassed
    }
  }
}

/// The commands without their values.
public enum OrderCommandKind: String, CaseIterable, Hashable, Sendable {
  case submit, paymentApproved, paymentDeclined, park, markPaymentUnknown, pay
  case storeReceived, storeAccepted, storeRefused, cookingStarted, cookingFinished
  case storeOffered, answerOffer
  case deliveryStarted, pickedUp, deliveryCompleted
  case cancel, agreeCancel, declineCancel, deadlinePassed
}

/// The deadlines an order can wait for; at most one at a time. `OrderDeadlines` says when.
public enum OrderDeadline: String, CaseIterable, Hashable, Sendable {
  /// Nobody has said how the payment went.
  case paymentPending
  /// A parked order was not paid.
  case paymentParked
  /// The outcome of the payment stayed unknown.
  case paymentUnknown
  /// The store did not answer, or could not be reached.
  case storeSilent
  /// The store did not answer a request to cancel, or was not reached by it.
  case cancelSilent
  /// After acceptance, nothing happened for very long.
  case stalled
}
