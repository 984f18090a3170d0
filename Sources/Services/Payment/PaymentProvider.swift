package import Domain

/// Who takes and gives back the money: the port; adapters stand behind it.
///
/// A provider is idempotent by payment key: the same key never captures twice. Every answer comes
/// within the limits that the adapter was given; what takes longer is `unknown`.
package protocol PaymentProvider: Sendable {
  /// Captures the amount.
  func charge(_ charge: ProviderCharge) async -> ProviderOutcome
  /// How an attempt went that nobody heard the end of.
  func outcome(of charge: ProviderCharge) async -> ProviderOutcome
  /// Gives back. The same refund key refunds once.
  func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome
}

/// One attempt to capture.
package struct ProviderCharge: Hashable, Sendable {
  package let key: PaymentKey
  package let attempt: Int
  package let amount: Won
  package let method: PaymentMethod

  package init(key: PaymentKey, attempt: Int, amount: Won, method: PaymentMethod) {
    self.key = key
    self.attempt = attempt
    self.amount = amount
    self.method = method
  }
}

/// How an attempt ended, as far as can be told.
package enum ProviderOutcome: Hashable, Sendable {
  case approved(ProviderReference, amount: Won)
  case declined(reason: String)
  /// Certainly nothing was captured; trying again makes sense after that time.
  case notCharged(reason: String, retryAfter: Duration)
  /// It may have been captured or not.
  case unknown(reason: String)
}

/// One refund of one capture.
package struct ProviderRefund: Hashable, Sendable {
  package let payment: PaymentKey
  package let key: RefundKey
  package let amount: Won

  package init(payment: PaymentKey, key: RefundKey, amount: Won) {
    self.payment = payment
    self.key = key
    self.amount = amount
  }
}

package enum ProviderRefundOutcome: Hashable, Sendable {
  case refunded(ProviderReference)
  /// Not done, or not known to be; asking again with the same key is safe.
  case failed(reason: String)
}
