import Domain
import Messages
import Transport

/// What payment's answer means for the order.
enum PaymentAnswer {
  /// The command that a recorded outcome comes to; nil while an attempt is under way.
  static func command(
    _ payment: Messages.Payment?, at now: Timestamp, _ policy: DeadlinePolicy
  ) -> OrderCommand? {
    guard let payment, let key = try? PaymentKey(payment.paymentKey),
      let amount = try? Won(payment.capturedWon)
    else {
      return .markPaymentUnknown(until: now.advanced(by: policy.paymentUnknown))
    }
    switch payment.state {
    case .approved, .settled, .refunding, .refunded:
      return .paymentApproved(key: key, amount: amount)
    case .declined, .voided: return .paymentDeclined(reason: payment.reason)
    case .notCharged:
      return .park(reason: payment.reason, until: now.advanced(by: policy.paymentParked))
    case .attempting: return nil
    case .unknown, .voidedOutstanding, .unspecified, .unrecognized:
      return .markPaymentUnknown(until: now.advanced(by: policy.paymentUnknown))
    }
  }

  /// The command that no answer comes to. What was never begun cannot have charged; any other
  /// refusal may have come after the capture, when its outcome was to be written down.
  static func command(
    _ error: RPCError, at now: Timestamp, _ policy: DeadlinePolicy
  ) -> OrderCommand {
    error.unprocessed
      ? .park(reason: error.message, until: now.advanced(by: policy.paymentParked))
      : .markPaymentUnknown(until: now.advanced(by: policy.paymentUnknown))
  }
}
