public import Journal

/// The services whose events make up the course of an order, in the order in which steps of the
/// same millisecond are told. The numbers are stored.
public enum OrderJournal: Int, CaseIterable, Hashable, Sendable {
  case order = 0
  case payment = 1
  case store = 2
  case delivery = 3

  /// As people and the protocol call it.
  public var name: String {
    switch self {
    case .order: "order"
    case .payment: "payment"
    case .store: "store"
    case .delivery: "delivery"
    }
  }
}

/// Where an order is: the protocol's number for it, and whether that is its end.
public struct OrderStage: Hashable, Sendable {
  public var code: Int32
  public var isTerminal: Bool

  public init(code: Int32, isTerminal: Bool) {
    self.code = code
    self.isTerminal = isTerminal
  }

  /// Nothing of the order itself has been seen.
  public static let none = OrderStage(code: 0, isTerminal: false)
}

/// What never changes about an order.
public struct OrderBasics: Hashable, Sendable {
  public var customerID: String
  public var storeID: String
  public var totalWon: Int64
  /// The lines as whoever reads the view understands them; opaque here.
  public var lines: [UInt8]

  public init(customerID: String, storeID: String, totalWon: Int64, lines: [UInt8]) {
    self.customerID = customerID
    self.storeID = storeID
    self.totalWon = totalWon
    self.lines = lines
  }
}

/// What one event means for the view. What is nil stays as it is.
public struct OrderEffect: Hashable, Sendable {
  public var basics: OrderBasics?
  public var stage: OrderStage?
  /// The payment is confirmed: from here on the store may know of the order.
  public var isPaid = false
  /// Who delivers, as the order's own events have it.
  public var orderRiderID: String?
  /// Who delivers, as the delivery's events have it; empty for nobody.
  public var deliveryRiderID: String?
  /// For people.
  public var detail = ""

  public init() {}
}

/// One event of one stream that belongs to an order.
public struct OrderChange: Hashable, Sendable {
  public enum Meaning: Hashable, Sendable {
    case effect(OrderEffect)
    /// This version cannot read the event, and why: its stream is not followed any further.
    case unreadable(String)
  }

  public var orderID: String
  public var service: OrderJournal
  /// The event's version in its own stream: 1, 2, 3 …
  public var version: Int64
  public var at: WallTime
  /// Such as `OrderPlaced`.
  public var event: String
  public var meaning: Meaning

  public init(
    orderID: String, service: OrderJournal, version: Int64, at: WallTime, event: String,
    meaning: Meaning
  ) {
    self.orderID = orderID
    self.service = service
    self.version = version
    self.at = at
    self.event = event
    self.meaning = meaning
  }
}
