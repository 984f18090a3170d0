package import Domain
package import Messages

extension Messages.Store {
  /// The store and its menu as its service answers with it.
  init(_ menu: MenuCopy, at now: Timestamp) {
    self.init(
      details: menu.details.map(Messages.StoreDetails.init),
      items: menu.sortedItems.map(Messages.MenuItem.init), openNow: menu.isOpen(at: now),
      pausedReason: menu.pausedReason ?? "", paused: menu.pausedReason != nil,
      menuVersion: menu.version)
  }
}

extension Messages.Ticket {
  /// The ticket as its service answers with it.
  init(_ state: Domain.TicketState) {
    self.init(state: .init(state.phase))
    etaMinutes = UInt32(clamping: state.etaMinutes ?? 0)
    reason = state.reason ?? ""
    offers = state.offers.map(Messages.TicketOffer.init)
    guard let order = state.order else { return }
    orderID = order.order.rawValue
    storeID = order.store.rawValue
    lines = order.lines.map(Messages.OrderLine.init)
    totalWon = order.total.amount
    receivedAtMs = order.receivedAt.ms
  }
}

extension Messages.TicketOffer {
  fileprivate init(_ offer: Domain.TicketOffer) {
    self.init(
      number: UInt32(clamping: offer.number), items: offer.items.map(Messages.OfferedItem.init),
      reason: offer.reason, answer: .init(offer.accepted))
  }
}

extension Messages.OfferAnswer {
  /// Nil: not answered.
  init(_ accepted: Bool?) {
    self =
      switch accepted {
      case true?: .accepted
      case false?: .declined
      case nil: .unspecified
      }
  }
}

extension Messages.TicketState {
  package init(_ phase: TicketPhase) {
    self =
      switch phase {
      case .none: .unspecified
      case .received: .received
      case .acceptRequested: .acceptRequested
      case .confirmed: .confirmed
      case .cooking: .cooking
      case .ready: .ready
      case .cancelAsked: .cancelAsked
      case .refused: .refused
      case .withdrawn: .withdrawn
      case .closed: .closed
      }
  }
}
