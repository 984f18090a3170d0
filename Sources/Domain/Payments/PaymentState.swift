/// Where a payment is.
public enum PaymentPhase: String, CaseIterable, Hashable, Sendable {
  case none
  /// An attempt is, or may be, under way.
  case attempting
  case approved
  case declined
  /// The last attempt is known not to have charged; it may be tried again.
  case notCharged
  /// The last attempt may have charged; ask again with the same key.
  case unknown
  /// A tombstone: nothing was captured, nothing is under way.
  case voided
  /// A tombstone while an attempt is under way or unknown.
  case voidedOutstanding
  /// At least one refund is still to be done.
  case refunding
  /// Everything was given back.
  case refunded
  /// The order was delivered; what was not refunded is kept.
  case settled
}

/// One refund, asked for or done.
public struct Refund: Hashable, Sendable {
  public let key: RefundKey
  public let amount: Won
  public let reason: String
  public let bearer: RefundBearer
  /// The provider's name for it; nil while it is still to be done.
  public internal(set) var reference: ProviderReference?
  /// How often the provider refused it.
  public internal(set) var failures = 0

  public var isDone: Bool { reference != nil }

  public init(key: RefundKey, amount: Won, reason: String, bearer: RefundBearer) {
    self.key = key
    self.amount = amount
    self.reason = reason
    self.bearer = bearer
  }
}

/// A payment as its events tell it.
public struct PaymentState: Hashable, Sendable {
  public internal(set) var phase: PaymentPhase = .none
  /// Nil in phase `none`, and in a tombstone that came before any charge.
  public internal(set) var request: PaymentRequest?
  /// The number of the last attempt; 0 before the first.
  public internal(set) var attempt = 0
  public internal(set) var captured: Won = .zero
  /// The provider's name for the capture.
  public internal(set) var reference: ProviderReference?
  /// In the order they were asked for; at most `Payment.refundsMax`.
  public internal(set) var refunds: [Refund] = []
  /// Whether the order was delivered, so that what is not refunded is ours and the store's.
  public internal(set) var isSettled = false
  /// What the provider said when it declined, did not charge or did not answer.
  public internal(set) var lastReason: String?

  public init() {}
}
