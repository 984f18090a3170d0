/// Where an order is.
package enum OrderPhase: String, CaseIterable, Hashable, Sendable {
  case none
  case pendingPayment
  /// Parked: pay later.
  case awaitingPayment
  case paymentUnknown
  /// Paid, and waiting for the store.
  case placed
  case accepted
  case cooking
  case ready
  case deliveryStarted
  case pickedUp
  case delivered
  /// Accepted, and the customer wants out.
  case cancelRequested
  case rejected
  case cancelled
  case expired

  /// The order is over; nothing changes it any more.
  package var isTerminal: Bool {
    switch self {
    case .delivered, .rejected, .cancelled, .expired: true
    default: false
    }
  }

  /// No payment was confirmed (yet): the store must not know of the order.
  package var isBeforePayment: Bool {
    switch self {
    case .none, .pendingPayment, .awaitingPayment, .paymentUnknown: true
    default: false
    }
  }
}

/// One line of an order, priced by the server.
package struct OrderLine: Hashable, Sendable {
  package let item: MenuItemID
  /// The item's name when it was ordered.
  package let name: String
  package let unitPrice: Won
  package let quantity: Int

  package init(item: MenuItemID, name: String, unitPrice: Won, quantity: Int) {
    self.item = item
    self.name = name
    self.unitPrice = unitPrice
    self.quantity = quantity
  }
}

/// An order as it was submitted; it never changes afterwards.
package struct OrderDraft: Hashable, Sendable {
  package let id: OrderID
  package let customer: CustomerID
  package let store: StoreID
  package let lines: [OrderLine]
  /// The sum of the lines.
  package let total: Won
  package let deliveryAddress: String
  package let area: Area
  /// Nil: parked until somebody brings one.
  package let paymentMethod: PaymentMethod?
  /// A digest of what the client sent: a retry has the same one.
  package let fingerprint: Fingerprint
  /// The version of the menu the prices are from.
  package let menuVersion: Int64
  /// Whether the order may wait when it cannot be paid at once.
  package let allowParking: Bool
  /// Until when somebody must have said how the payment went, or have brought a method.
  package let expiresAt: Timestamp

  package init(
    id: OrderID, customer: CustomerID, store: StoreID, lines: [OrderLine], total: Won,
    deliveryAddress: String, area: Area, paymentMethod: PaymentMethod?, fingerprint: Fingerprint,
    menuVersion: Int64, allowParking: Bool, expiresAt: Timestamp
  ) {
    self.id = id
    self.customer = customer
    self.store = store
    self.lines = lines
    self.total = total
    self.deliveryAddress = deliveryAddress
    self.area = area
    self.paymentMethod = paymentMethod
    self.fingerprint = fingerprint
    self.menuVersion = menuVersion
    self.allowParking = allowParking
    self.expiresAt = expiresAt
  }
}

/// An order as its events tell it.
package struct OrderState: Hashable, Sendable {
  package internal(set) var phase: OrderPhase = .none
  /// Nil only in phase `none`.
  package internal(set) var draft: OrderDraft?
  /// How often payment was asked for.
  package internal(set) var attempt = 0
  /// How it is to be paid; nil while nobody has said.
  package internal(set) var paymentMethod: PaymentMethod?
  /// Whether a payment was confirmed; stays true when the order is cancelled afterwards.
  package internal(set) var isPaid = false
  /// The end of the first parking: parking again does not extend it.
  package internal(set) var parkedUntil: Timestamp?
  package internal(set) var storeReceivedAt: Timestamp?
  package internal(set) var etaMinutes: Int?
  package internal(set) var rider: RiderID?
  /// What the store offered and nobody has answered.
  package internal(set) var offer: RefundOffer?
  /// The number of the last offer, and the customer's answer to the last one answered.
  package internal(set) var offersSeen = 0
  package internal(set) var lastAnswer: OfferAnswer?
  /// What was left out by offers that were accepted, and its price.
  package internal(set) var leftOut: [OfferedItem] = []
  package internal(set) var refunded: Won = .zero
  /// What the customer said when asking to cancel an accepted order.
  package internal(set) var cancelReason: String?
  /// How the order ended, when it did not end delivered.
  package internal(set) var ending: OrderEnding?

  package init() {}
}

/// What became of an offer.
package struct OfferAnswer: Hashable, Sendable {
  package let number: Int
  package let accepted: Bool

  package init(number: Int, accepted: Bool) {
    self.number = number
    self.accepted = accepted
  }
}

/// How an order ended that was not delivered.
package enum OrderEnding: Hashable, Sendable {
  case rejected(OrderRejectReason)
  case cancelled(by: Role, reason: String)
  case expired(OrderExpiryReason)
}
