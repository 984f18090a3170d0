/// What can be asked of a ticket, which is an order as its store sees it.
package enum TicketCommand: Hashable, Sendable {
  /// A paid order arrives.
  case receive(TicketOrder)
  /// The owner wants it; the order still has to confirm.
  case accept(etaMinutes: Int)
  case refuse(reason: String)
  /// The order took the acceptance: cooking may begin.
  case confirm
  /// The order ended; a ticket that comes later is ignored.
  case withdraw(reason: String)
  case startCooking
  case finishCooking
  /// The customer wants out of an accepted order.
  case askCancel(reason: String)
  case agreeCancel
  case declineCancel
  /// Some of it cannot be delivered: offer the customer the money for it.
  case offerRefund(items: [OfferedItem], reason: String)
  /// What the customer said to an offer.
  case recordAnswer(OfferAnswer)
  /// The food left the store.
  case close

  package var kind: TicketCommandKind {
    switch self {
    case .receive: .receive
    case .accept: .accept
    case .refuse: .refuse
    case .confirm: .confirm
    case .withdraw: .withdraw
    case .startCooking: .startCooking
    case .finishCooking: .finishCooking
    case .askCancel: .askCancel
    case .agreeCancel: .agreeCancel
    case .declineCancel: .declineCancel
    case .offerRefund: .offerRefund
    case .recordAnswer: .recordAnswer
    case .close: .close
    }
  }
}

/// The commands without their values.
package enum TicketCommandKind: String, CaseIterable, Hashable, Sendable {
  case receive, accept, refuse, confirm, withdraw, startCooking, finishCooking
  case askCancel, agreeCancel, declineCancel, offerRefund, recordAnswer, close
}

/// What happened to a ticket.
package enum TicketEvent: Hashable, Sendable {
  case received(TicketOrder)
  case accepted(etaMinutes: Int)
  case refused(reason: String)
  case confirmed
  case withdrawn(reason: String)
  case cookingStarted
  case cookingFinished
  case cancelAsked(reason: String)
  case cancelAgreed
  case cancelDeclined
  case refundOffered(number: Int, items: [OfferedItem], reason: String)
  case offerAnswered(OfferAnswer)
  case closed

  package var kind: TicketEventKind {
    switch self {
    case .received: .received
    case .accepted: .accepted
    case .refused: .refused
    case .confirmed: .confirmed
    case .withdrawn: .withdrawn
    case .cookingStarted: .cookingStarted
    case .cookingFinished: .cookingFinished
    case .cancelAsked: .cancelAsked
    case .cancelAgreed: .cancelAgreed
    case .cancelDeclined: .cancelDeclined
    case .refundOffered: .refundOffered
    case .offerAnswered: .offerAnswered
    case .closed: .closed
    }
  }
}

/// The events without their values.
package enum TicketEventKind: String, CaseIterable, Hashable, Sendable {
  case received = "TicketReceived"
  case accepted = "TicketAccepted"
  case refused = "TicketRefused"
  case confirmed = "TicketConfirmed"
  case withdrawn = "TicketWithdrawn"
  case cookingStarted = "TicketCookingStarted"
  case cookingFinished = "TicketCookingFinished"
  case cancelAsked = "TicketCancelAsked"
  case cancelAgreed = "TicketCancelAgreed"
  case cancelDeclined = "TicketCancelDeclined"
  case refundOffered = "TicketRefundOffered"
  case offerAnswered = "TicketOfferAnswered"
  case closed = "TicketClosed"
}

/// Where a ticket is.
package enum TicketPhase: String, CaseIterable, Hashable, Sendable {
  case none
  case received
  /// The owner wants it; the order has not confirmed yet.
  case acceptRequested
  case confirmed
  case cooking
  case ready
  case cancelAsked
  case refused
  case withdrawn
  case closed
}

/// What the store is told of an order: nothing of payment, nothing of the address.
package struct TicketOrder: Hashable, Sendable {
  package let order: OrderID
  package let store: StoreID
  package let lines: [OrderLine]
  package let total: Won
  package let receivedAt: Timestamp

  package init(
    order: OrderID, store: StoreID, lines: [OrderLine], total: Won, receivedAt: Timestamp
  ) {
    self.order = order
    self.store = store
    self.lines = lines
    self.total = total
    self.receivedAt = receivedAt
  }
}

/// An offer as the store sees it: nothing of money.
package struct TicketOffer: Hashable, Sendable {
  package let number: Int
  package let items: [OfferedItem]
  package let reason: String
  /// Nil while the customer has not answered.
  package internal(set) var accepted: Bool?

  package init(number: Int, items: [OfferedItem], reason: String, accepted: Bool? = nil) {
    self.number = number
    self.items = items
    self.reason = reason
    self.accepted = accepted
  }
}

/// A ticket as its events tell it.
package struct TicketState: Hashable, Sendable {
  package internal(set) var phase: TicketPhase = .none
  /// Nil in phase `none`, and when the order was withdrawn before it arrived.
  package internal(set) var order: TicketOrder?
  package internal(set) var etaMinutes: Int?
  /// Why it was refused, withdrawn, or asked to be cancelled.
  package internal(set) var reason: String?
  /// In the order in which they were made; at most `RefundOffer.offersMax`.
  package internal(set) var offers: [TicketOffer] = []

  package init() {}
}
