/// What happened to a payment.
public enum PaymentEvent: Hashable, Sendable {
  /// The intent: durable before anything is attempted.
  case requested(PaymentRequest)
  /// Attempt `attempt` may be under way from here on; durable before the provider is called.
  /// Without a method it is by the one before.
  case attempted(attempt: Int, method: PaymentMethod?)
  case approved(attempt: Int, reference: ProviderReference, amount: Won)
  case declined(attempt: Int, reason: String)
  case notCharged(attempt: Int, reason: String)
  case unknown(attempt: Int, reason: String)
  /// A tombstone: nothing will be charged any more, and what turns out to be is refunded.
  case voided(reason: String)
  case refundRequested(key: RefundKey, amount: Won, reason: String, bearer: RefundBearer)
  case refunded(key: RefundKey, amount: Won, reference: ProviderReference)
  case refundFailed(key: RefundKey, reason: String)
  /// `kept` is what was captured less every refund requested so far.
  case settled(kept: Won)

  public var kind: PaymentEventKind {
    switch self {
    case .requested: .requested
    case .attempted: .attempted
    case .approved: .approved
    case .declined: .declined
    case .notCharged: .notCharged
    case .unknown: .unknown
    case .voided: .voided
    case .refundRequested: .refundRequested
    case .refunded: .refunded
    case .refundFailed: .refundFailed
    case .settled: .settled
    }
  }
}

/// The events without their values.
public enum PaymentEventKind: String, CaseIterable, Hashable, Sendable {
  case requested = "PaymentRequested"
  case attempted = "PaymentAttempted"
  case approved = "PaymentApproved"
  case declined = "PaymentDeclined"
  case notCharged = "PaymentNotCharged"
  case unknown = "PaymentUnknown"
  case voided = "PaymentVoided"
  case refundRequested = "RefundRequested"
  case refunded = "PaymentRefunded"
  case refundFailed = "RefundFailed"
  case settled = "PaymentSettled"
}
