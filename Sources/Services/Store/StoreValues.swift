import Domain
import Journal
import Messages

// Values of the store area from their messages, for requests and stored events alike: what is
// not a valid value is a `Rejection(.invalid)`.

extension Domain.StoreDetails {
  init(_ message: Messages.StoreDetails?) throws(Rejection) {
    guard let message else { throw Rejection(.invalid, "the store's details are missing") }
    self.init(
      id: try StoreID(message.storeID), name: message.name,
      areas: try message.areas.map { (name) throws(Rejection) in try Area(name) },
      minimumOrder: try Won("minimum order", message.minimumOrderWon),
      hours: try OpeningHours.fromMessages(message.openingHours))
  }
}

extension Messages.StoreDetails {
  init(_ details: Domain.StoreDetails) {
    self.init(
      storeID: details.id.rawValue, name: details.name, areas: details.areas.map(\.name),
      minimumOrderWon: details.minimumOrder.amount,
      openingHours: details.hours.intervals.map(Messages.OpenInterval.init))
  }
}

extension Messages.OpenInterval {
  init(_ interval: Domain.OpenInterval) {
    self.init(
      weekday: UInt32(clamping: interval.day.rawValue),
      opensMinute: UInt32(clamping: interval.opensMinute),
      closesMinute: UInt32(clamping: interval.closesMinute))
  }
}

extension OpeningHours {
  /// No intervals at all mean day and night.
  static func fromMessages(
    _ messages: [Messages.OpenInterval]
  ) throws(Rejection) -> OpeningHours {
    guard !messages.isEmpty else { return .always }
    return try OpeningHours(
      messages.map { (message) throws(Rejection) in
        guard let day = Weekday(rawValue: Int(message.weekday)) else {
          throw Rejection(.invalid, "opening hours: weekday must be 1 (Monday) to 7 (Sunday)")
        }
        return try Domain.OpenInterval(
          day: day, opensMinute: Int(message.opensMinute), closesMinute: Int(message.closesMinute))
      })
  }
}

extension Domain.MenuItem {
  init(_ message: Messages.MenuItem?) throws(Rejection) {
    guard let message else { throw Rejection(.invalid, "the menu item is missing") }
    self.init(
      id: try MenuItemID(message.itemID), name: message.name,
      price: try Won("price", message.priceWon), description: message.description,
      isAvailable: !message.soldOut)
  }
}

extension Messages.MenuItem {
  init(_ item: Domain.MenuItem) {
    self.init(
      itemID: item.id.rawValue, name: item.name, priceWon: item.price.amount,
      description: item.description, soldOut: !item.isAvailable)
  }
}

extension TicketReceived {
  init(_ order: TicketOrder) {
    self.init(
      orderID: order.order.rawValue, storeID: order.store.rawValue,
      lines: order.lines.map(Messages.OrderLine.init), totalWon: order.total.amount,
      receivedAtMs: order.receivedAt.ms)
  }

  func stored() throws(EventCodecError) -> TicketOrder {
    let lines = try lines.stored()
    let total = try EventMapping.won(totalWon)
    return try EventMapping.checked { () throws(Rejection) in
      TicketOrder(
        order: try OrderID(orderID), store: try StoreID(storeID), lines: lines, total: total,
        receivedAt: Timestamp(ms: receivedAtMs))
    }
  }
}
