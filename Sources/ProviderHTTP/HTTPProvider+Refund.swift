import Domain
package import Services
import Transport

extension HTTPProvider {
  /// Looks first: a refund whose answer was lost is found by its mark. Then cancels, on condition
  /// that what is left is still what was seen: of two requests for one refund, however late one of
  /// them arrives, at most one is carried out, also where the idempotency key no longer holds.
  package func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome {
    let deadline = deadline
    let payment: ProviderPayment
    switch await found(refund, until: deadline) {
    case .failure(let failure): return .failed(reason: failure.reason)
    case .success(let found): payment = found
    }
    if let reference = payment.reference(of: refund) { return done(refund, reference) }
    guard payment.status == "DONE" || payment.status == "PARTIAL_CANCELED" else {
      return .failed(reason: "a payment that is \(payment.status.prefix(32)) is not cancelled")
    }
    let left = payment.balanceAmount ?? payment.totalAmount
    guard refund.amount.amount <= left else {
      return .failed(reason: "only \(left) won are left of the payment at the provider")
    }
    let cancel = ProviderCall.cancel(
      refund, paymentKey: payment.paymentKey, refundable: left, refusals: refusals[refund] ?? 0)
    switch await link.send(cancel, until: deadline) {
    case .notSent(let reason), .lost(let reason): return .failed(reason: reason)
    case .answered(let answer): return await judged(answer, of: refund, until: deadline)
    }
  }

  private struct Failure: Error {
    let reason: String
  }

  private func judged(
    _ answer: Answer, of refund: ProviderRefund, until deadline: MonotonicInstant
  ) async -> ProviderRefundOutcome {
    if let payment = ProviderPayment(answer, of: refund.payment) {
      guard let reference = payment.reference(of: refund) else {
        return .failed(reason: "the provider's answer does not show the refund")
      }
      return done(refund, reference)
    }
    guard let refusal = ProviderRefusal(answer) else {
      return .failed(reason: "the provider answered \(answer.status), which makes no sense")
    }
    let reason = refusal.reason(without: credential)
    if Self.underWay.contains(refusal.code) || answer.status == 429 {
      return .failed(reason: reason)
    }
    // The provider keeps this refusal under the key it was asked with.
    refusals.update(refund) { ($0 ?? 0) + 1 }
    // It may refuse because it has done it.
    if Self.spent.contains(refusal.code),
      case .success(let payment) = await found(refund, until: deadline),
      let reference = payment.reference(of: refund)
    {
      return done(refund, reference)
    }
    return .failed(reason: reason)
  }

  private func done(
    _ refund: ProviderRefund, _ reference: ProviderReference
  ) -> ProviderRefundOutcome {
    refusals.forget(refund)
    return .refunded(reference)
  }

  private func found(
    _ refund: ProviderRefund, until deadline: MonotonicInstant
  ) async -> Result<ProviderPayment, Failure> {
    switch await link.send(.find(refund.payment), until: deadline) {
    case .notSent(let reason), .lost(let reason): return .failure(Failure(reason: reason))
    case .answered(let answer):
      if let payment = ProviderPayment(answer, of: refund.payment) { return .success(payment) }
      let refusal = ProviderRefusal(answer)?.reason(without: credential)
      return .failure(Failure(reason: refusal ?? "the provider's answer makes no sense"))
    }
  }

  private static let underWay: Set<String> = [
    "IDEMPOTENT_REQUEST_PROCESSING", "ALREADY_PROCESSING_REQUEST", "FORBIDDEN_CONSECUTIVE_REQUEST",
  ]
  private static let spent: Set<String> = [
    "ALREADY_CANCELED_PAYMENT", "ALREADY_REFUND_PAYMENT", "NOT_CANCELABLE_AMOUNT",
    "NOT_CANCELABLE_PAYMENT", "NOT_MATCHES_REFUNDABLE_AMOUNT",
  ]
}
