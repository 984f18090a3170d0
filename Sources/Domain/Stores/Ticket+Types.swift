/// What can be asked of a ticket, which is an order as its store sees it.
public enum TicketCommand: Hashable, Sendable {
  /// A paid order arrives.
  case receive(TicketOrder)
  /// The owner wants it; the order still has to confirm.
  case accept(etaMinutes: Int)
  case refuse(reason: String)
  /// The order took the acceptance, or stands after a wish to cancel: cooking may begin.
  case confirm
  /// The order ended; a ticket that comes later is ignored.
  case withdraw(reason: String)
  case startCooking
  case finishCooking
  /// The customer wants out of an accepted order.
  case askCancel(reason: String)
  case agreeCancel
  case declineCancel
  /// Some of it cannot be delivered: offer the customer the money for it. The number says which
  /// offer of the order it is, so that a retry is the same one; nil: the next one.
  case offerRefund(items: [OfferedItem], reason: String, number: Int?)
  /// What the customer said to an offer.
  case recordAnswer(OfferAnswer)
  /// The food left the store.
  case close

  public var kind: TicketCommandKind {
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
public enum TicketCommandKind: String, CaseIterable, Hashable, Sendable {
  case receive, accept, refuse, confirm, withdraw, startCooking, finishCooking
  case askCancel, agreeCancel, declineCancel, offerRefund, recordAnswer, close
}

/// What happened to a ticket.
public enum TicketEvent: Hashable, Sendable {
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

  public var kind: TicketEventKind {
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
public enum TicketEventKind: String, CaseIterable, Hashable, Sendable {
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
public enum TicketPhase: String, CaseIterable, Hashable, Sendable {
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
public struct TicketOrder: Hashable, Sendable {
  public let order: OrderID
  public let store: StoreID
  public let lines: [OrderLine]
  public let total: Won
  public let receivedAt: Timestamp

  public init(
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
public struct TicketOffer: Hashable, Sendable {
  public let number: Int
  public let items: [OfferedItem]
  public let reason: String
  /// Nil while the customer has not answered.
  public internal(set) var accepted: Bool?

  public init(number: Int, items: [OfferedItem], reason: String, accepted: Bool? = nil) {
    self.number = number
    self.items = items
    self.reason = reason
    self.accepted = accepted
  }
}

/// A ticket as its events tell it.
public struct TicketState: Hashable, Sendable {
  public internal(set) var phase: TicketPhase = .none
  /// Nil in phase `none`, and when the order was withdrawn before it arrived.
  public internal(set) var order: TicketOrder?
  public internal(set) var etaMinutes: Int?
  /// Why it was refused, withdrawn, or asked to be cancelled.
  public internal(set) var reason: String?
  /// In the order in which they were made; at most `RefundOffer.offersMax`.
  public internal(set) var offers: [TicketOffer] = []

  public init() {}
}
