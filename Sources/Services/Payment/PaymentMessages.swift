package import Domain
import Journal
package import Messages

extension Messages.Payment {
  init(_ state: Domain.PaymentState) {
    self.init(
      paymentKey: state.request?.key.rawValue ?? "",
      orderID: state.request?.order.rawValue ?? "", state: .init(state.phase),
      amountWon: state.request?.amount.amount ?? 0, capturedWon: state.captured.amount,
      refundedWon: state.refunded.amount, keptWon: state.kept.amount,
      heldWon: state.held.amount, attempt: UInt32(clamping: state.attempt),
      reason: state.lastReason ?? "")
  }
}

extension Messages.PaymentState {
  package init(_ phase: PaymentPhase) {
    self =
      switch phase {
      case .none: .unspecified
      case .attempting: .attempting
      case .approved: .approved
      case .declined: .declined
      case .notCharged: .notCharged
      case .unknown: .unknown
      case .voided: .voided
      case .voidedOutstanding: .voidedOutstanding
      case .refunding: .refunding
      case .refunded: .refunded
      case .settled: .settled
      }
  }
}
