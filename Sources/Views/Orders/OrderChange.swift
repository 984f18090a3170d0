package import Journal

/// The services whose events make up the course of an order, in the order in which steps of the
/// same millisecond are told. The numbers are stored.
package enum OrderJournal: Int, CaseIterable, Hashable, Sendable {
  case order = 0
  case payment = 1
  case store = 2
  case delivery = 3

  /// As people and the protocol call it.
  package var name: String {
    switch self {
    case .order: "order"
    case .payment: "payment"
    case .store: "store"
    case .delivery: "delivery"
    }
  }
}

/// Where an order is: the protocol's number for it, and whether that is its end.
package struct OrderStage: Hashable, Sendable {
  package var code: Int32
  package var isTerminal: Bool

  package init(code: Int32, isTerminal: Bool) {
    self.code = code
    self.isTerminal = isTerminal
  }

  /// Nothing of the order itself has been seen.
  package static let none = OrderStage(code: 0, isTerminal: false)
}

/// What never changes about an order.
package struct OrderBasics: Hashable, Sendable {
  package var customerID: String
  package var storeID: String
  package var totalWon: Int64
  /// The lines as whoever reads the view understands them; opaque here.
  package var lines: [UInt8]

  package init(customerID: String, storeID: String, totalWon: Int64, lines: [UInt8]) {
    self.customerID = customerID
    self.storeID = storeID
    self.totalWon = totalWon
    self.lines = lines
  }
}

/// What one event means for the view. What is nil stays as it is.
package struct OrderEffect: Hashable, Sendable {
  package var basics: OrderBasics?
  package var stage: OrderStage?
  /// The payment is confirmed: from here on the store may know of the order.
  package var isPaid = false
  /// Who delivers, as the order's own events have it.
  package var orderRiderID: String?
  /// Who delivers, as the delivery's events have it; empty for nobody.
  package var deliveryRiderID: String?
  /// For people.
  package var detail = ""

  package init() {}
}

/// One event of one stream that belongs to an order.
package struct OrderChange: Hashable, Sendable {
  package enum Meaning: Hashable, Sendable {
    case effect(OrderEffect)
    /// This version cannot read the event, and why: its stream is not followed any further.
    case unreadable(String)
  }

  package var orderID: String
  package var service: OrderJournal
  /// The event's version in its own stream: 1, 2, 3 …
  package var version: Int64
  package var at: WallTime
  /// Such as `OrderPlaced`.
  package var event: String
  package var meaning: Meaning

  package init(
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
