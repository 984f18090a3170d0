/// Where a payment is.
package enum PaymentPhase: String, CaseIterable, Hashable, Sendable {
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
package struct Refund: Hashable, Sendable {
  package let key: RefundKey
  package let amount: Won
  package let reason: String
  package let bearer: RefundBearer
  /// The provider's name for it; nil while it is still to be done.
  package internal(set) var reference: ProviderReference?
  /// How often the provider refused it.
  package internal(set) var failures = 0

  package var isDone: Bool { reference != nil }

  package init(key: RefundKey, amount: Won, reason: String, bearer: RefundBearer) {
    self.key = key
    self.amount = amount
    self.reason = reason
    self.bearer = bearer
  }
}

/// A payment as its events tell it.
package struct PaymentState: Hashable, Sendable {
  package internal(set) var phase: PaymentPhase = .none
  /// Nil in phase `none`, and in a tombstone that came before any charge.
  package internal(set) var request: PaymentRequest?
  /// The number of the last attempt; 0 before the first.
  package internal(set) var attempt = 0
  package internal(set) var captured: Won = .zero
  /// The provider's name for the capture.
  package internal(set) var reference: ProviderReference?
  /// In the order they were asked for; at most `Payment.refundsMax`.
  package internal(set) var refunds: [Refund] = []
  /// Whether the order was delivered, so that what is not refunded is ours and the store's.
  package internal(set) var isSettled = false
  /// What the provider said when it declined, did not charge or did not answer.
  package internal(set) var lastReason: String?

  package init() {}
}
