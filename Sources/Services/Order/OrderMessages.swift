package import Domain
import Journal
package import Messages

extension Messages.Order {
  /// The order as `viewer` may see it; empty for one that does not exist.
  init(_ snapshot: AggregateSnapshot<Domain.OrderState>, for viewer: Domain.Principal) {
    let state = snapshot.state
    self.init(state: .init(state.phase), paid: state.isPaid, version: snapshot.version.value)
    etaMinutes = UInt32(clamping: state.etaMinutes ?? 0)
    riderID = state.rider?.rawValue ?? ""
    reason = state.ending?.text ?? state.cancelReason ?? ""
    if !state.phase.isTerminal { offer = state.offer.map { Messages.RefundOffer($0) } }
    refundedWon = state.refunded.amount
    guard let draft = state.draft else { return }
    orderID = draft.id.rawValue
    customerID = draft.customer.rawValue
    storeID = draft.store.rawValue
    lines = draft.lines.map(Messages.OrderLine.init)
    totalWon = draft.total.amount
    if state.isAddressVisible(to: viewer) { deliveryAddress = draft.deliveryAddress }
    area = draft.area.name
  }
}

extension Messages.RefundOffer {
  init(_ offer: Domain.RefundOffer) {
    self.init(
      number: UInt32(clamping: offer.number), items: offer.items.map(Messages.OfferedItem.init),
      refundWon: offer.amount.amount, reason: offer.reason)
  }
}

extension Messages.OrderState {
  package init(_ phase: OrderPhase) {
    self =
      switch phase {
      case .none: .unspecified
      case .pendingPayment: .pendingPayment
      case .awaitingPayment: .awaitingPayment
      case .paymentUnknown: .paymentUnknown
      case .placed: .placed
      case .accepted: .accepted
      case .cooking: .cooking
      case .ready: .ready
      case .deliveryStarted: .deliveryStarted
      case .pickedUp: .pickedUp
      case .delivered: .delivered
      case .cancelRequested: .cancelRequested
      case .rejected: .rejected
      case .cancelled: .cancelled
      case .expired: .expired
      }
  }
}

extension OrderEnding {
  /// For people.
  var text: String {
    switch self {
    case .rejected(.paymentDeclined(let text)): "payment declined: \(text)"
    case .rejected(.storeRefused(let text)): "refused by the store: \(text)"
    case .rejected(.storeSilent): "the store did not answer"
    case .cancelled(let role, let reason):
      reason.isEmpty ? "cancelled by \(role.rawValue)" : "cancelled by \(role.rawValue): \(reason)"
    case .expired(.notPaid): "not paid in time"
    case .expired(.paymentUnknown): "the outcome of the payment stayed unknown"
    case .expired(.paymentUnavailable): "payment was not available"
    }
  }
}
