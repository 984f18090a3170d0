package import Journal

/// How many events of each service's stream an order's row has taken. The row is a function of
/// these four numbers and nothing else, whatever the order in which events arrived.
package struct OrderVersions: Hashable, Sendable {
  package var order: Int64 = 0
  package var payment: Int64 = 0
  package var store: Int64 = 0
  package var delivery: Int64 = 0

  package init() {}

  package subscript(service: OrderJournal) -> Int64 {
    get {
      switch service {
      case .order: order
      case .payment: payment
      case .store: store
      case .delivery: delivery
      }
    }
    set {
      switch service {
      case .order: order = newValue
      case .payment: payment = newValue
      case .store: store = newValue
      case .delivery: delivery = newValue
      }
    }
  }

  /// All events taken: of two states of one row, the later has more.
  package var total: Int64 { order &+ payment &+ store &+ delivery }

  /// Whether no stream of the other is further than this one's.
  package func includes(_ other: OrderVersions) -> Bool {
    OrderJournal.allCases.allSatisfy { self[$0] >= other[$0] }
  }
}

/// One order as lists show it.
package struct OrderRow: Hashable, Sendable {
  package let orderID: String
  package var customerID = ""
  package var storeID = ""
  package var stage = OrderStage.none
  /// The payment was confirmed; stays true when the order is cancelled afterwards.
  package var isPaid = false
  package var totalWon: Int64 = 0
  package var orderRiderID = ""
  /// nil while the delivery's events have said nothing about a rider.
  package var deliveryRiderID: String?
  /// When the order was submitted: its place in lists.
  package var placedAt = WallTime(milliseconds: 0)
  /// When the latest event of any service was recorded.
  package var updatedAt = WallTime(milliseconds: 0)
  package var versions = OrderVersions()
  /// The last event of the payment, the ticket and the delivery; empty before the first.
  package var payment = ""
  package var ticket = ""
  package var delivery = ""
  /// See `OrderBasics.lines`.
  package var lines: [UInt8] = []

  package init(orderID: String) { self.orderID = orderID }

  /// The rider the delivery is with; empty for nobody.
  package var riderID: String { deliveryRiderID ?? orderRiderID }
  /// Whether it can be shown at all: events of other services may be seen before the order's own.
  package var isListed: Bool { versions.order > 0 }
  /// Whether the store has it in hand.
  package var isOnBoard: Bool { isPaid && !stage.isTerminal }
  /// Its place in lists.
  package var place: OrderPlace { OrderPlace(placedAt: placedAt, orderID: orderID) }
}

/// A place in a list of orders: unique, and the same however often the view is built.
package struct OrderPlace: Hashable, Sendable {
  package var placedAt: WallTime
  package var orderID: String

  package init(placedAt: WallTime, orderID: String) {
    self.placedAt = placedAt
    self.orderID = orderID
  }
}

/// One step of an order's course.
package struct OrderStepRow: Hashable, Sendable {
  /// Never earlier than the step before of the same service, should its clock have gone back.
  package var at: WallTime
  package var service: OrderJournal
  package var version: Int64
  package var event: String
  package var detail: String

  package init(
    at: WallTime, service: OrderJournal, version: Int64, event: String, detail: String
  ) {
    self.at = at
    self.service = service
    self.version = version
    self.event = event
    self.detail = detail
  }

  fileprivate func isBefore(_ other: OrderStepRow) -> Bool {
    (at, service.rawValue, version) < (other.at, other.service.rawValue, other.version)
  }
}

/// A stream of an order that is not followed any further, because of the event at `version`.
package struct OrderStall: Hashable, Sendable {
  package var service: OrderJournal
  package var version: Int64
  package var reason: String

  package init(service: OrderJournal, version: Int64, reason: String) {
    self.service = service
    self.version = version
    self.reason = reason
  }
}

/// One order with its whole course.
package struct OrderRecord: Hashable, Sendable {
  package var row: OrderRow
  /// By time, then service, then version.
  package private(set) var steps: [OrderStepRow]
  /// By service; empty as a rule.
  package private(set) var stalls: [OrderStall]

  /// Steps kept of one service; later ones count in `versions` only.
  package static let stepsPerServiceMax = 256
  /// UTF-8 bytes of a step's detail and of a stall's reason.
  package static let detailBytesMax = 256

  package init(row: OrderRow, steps: [OrderStepRow] = [], stalls: [OrderStall] = []) {
    self.row = row
    self.steps = steps
    self.stalls = stalls
  }

  package init(orderID: String) { self.init(row: OrderRow(orderID: orderID)) }

  mutating func insert(_ step: OrderStepRow) {
    var at = steps.endIndex
    while at > 0, step.isBefore(steps[at - 1]) { at -= 1 }
    steps.insert(step, at: at)
  }

  mutating func insert(_ stall: OrderStall) {
    stalls.append(stall)
    stalls.sort { $0.service.rawValue < $1.service.rawValue }
  }
}
