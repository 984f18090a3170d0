/// Where an order is.
public enum OrderPhase: String, CaseIterable, Hashable, Sendable {
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
  public var isTerminal: Bool {
    switch self {
    case .delivered, .rejected, .cancelled, .expired: true
    default: false
    }
  }

  /// No payment was confirmed (yet): the store must not know of the order.
  public var isBeforePayment: Bool {
    switch self {
    case .none, .pendingPayment, .awaitingPayment, .paymentUnknown: true
    default: false
    }
  }
}

/// One line of an order, priced by the server.
public struct OrderLine: Hashable, Sendable {
  public let item: MenuItemID
  /// The item's name when it was ordered.
  public let name: String
  public let unitPrice: Won
  public let quantity: Int

  public init(item: MenuItemID, name: String, unitPrice: Won, quantity: Int) {
    self.item = item
    self.name = name
    self.unitPrice = unitPrice
    self.quantity = quantity
  }
}

/// An order as it was submitted; it never changes afterwards.
public struct OrderDraft: Hashable, Sendable {
  public let id: OrderID
  public let customer: CustomerID
  public let store: StoreID
  public let lines: [OrderLine]
  /// The sum of the lines.
  public let total: Won
  public let deliveryAddress: String
  public let area: Area
  /// Nil: parked until somebody brings one.
  public let paymentMethod: PaymentMethod?
  /// A digest of what the client sent: a retry has the same one.
  public let fingerprint: Fingerprint
  /// The version of the menu the prices are from.
  public let menuVersion: Int64
  /// Whether the order may wait when it cannot be paid at once.
  public let allowParking: Bool
  /// Until when somebody must have said how the payment went, or have brought a method.
  public let expiresAt: Timestamp

  public init(
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
public struct OrderState: Hashable, Sendable {
  public internal(set) var phase: OrderPhase = .none
  /// Nil only in phase `none`.
  public internal(set) var draft: OrderDraft?
  /// How often payment was asked for.
  public internal(set) var attempt = 0
  /// How it is to be paid; nil while nobody has said.
  public internal(set) var paymentMethod: PaymentMethod?
  /// Whether a payment was confirmed; stays true when the order is cancelled afterwards.
  public internal(set) var isPaid = false
  /// The end of the first parking: parking again does not extend it.
  public internal(set) var parkedUntil: Timestamp?
  public internal(set) var storeReceivedAt: Timestamp?
  public internal(set) var etaMinutes: Int?
  public internal(set) var rider: RiderID?
  /// What the store offered and nobody has answered.
  public internal(set) var offer: RefundOffer?
  /// The number of the last offer, and the customer's answer to the last one answered.
  public internal(set) var offersSeen = 0
  public internal(set) var lastAnswer: OfferAnswer?
  /// What was left out by offers that were accepted, and its price.
  public internal(set) var leftOut: [OfferedItem] = []
  public internal(set) var refunded: Won = .zero
  /// What the customer said when asking to cancel an accepted order.
  public internal(set) var cancelReason: String?
  /// How the order ended, when it did not end delivered.
  public internal(set) var ending: OrderEnding?

  public init() {}
}

/// What became of an offer.
public struct OfferAnswer: Hashable, Sendable {
  public let number: Int
  public let accepted: Bool

  public init(number: Int, accepted: Bool) {
    self.number = number
    self.accepted = accepted
  }
}

/// How an order ended that was not delivered.
public enum OrderEnding: Hashable, Sendable {
  case rejected(OrderRejectReason)
  case cancelled(by: Role, reason: String)
  case expired(OrderExpiryReason)
}
