/// What a customer puts into the cart.
public struct CartLine: Hashable, Sendable {
  public let item: MenuItemID
  public let quantity: Int
  /// The price the customer was shown; nil when it was not said.
  public let seenUnitPrice: Won?

  public init(item: MenuItemID, quantity: Int, seenUnitPrice: Won? = nil) {
    self.item = item
    self.quantity = quantity
    self.seenUnitPrice = seenUnitPrice
  }
}

/// A cart with the store's prices.
public struct PricedCart: Hashable, Sendable {
  /// One line per item, in the order they were first named.
  public let lines: [OrderLine]
  public let total: Won
  public let menuVersion: Int64
}

extension MenuCopy {
  /// Prices a cart from this menu, or says why it cannot be ordered here and now.
  ///
  /// Lines that name the same item are added up. A price other than the one the customer saw is
  /// refused with `priceChanged`, naming every such item.
  public func price(
    _ cart: [CartLine], area: Area, at now: Timestamp
  ) throws(Rejection) -> PricedCart {
    let details = try openStore(area: area, at: now)
    let lines = try pricedLines(cart)
    let total = try Order.total(of: lines)
    try checkPricesSeen(cart)
    guard total >= details.minimumOrder else {
      throw Rejection(
        .belowMinimum, "the minimum order is \(details.minimumOrder), this one is \(total)")
    }
    return PricedCart(lines: lines, total: total, menuVersion: version)
  }

  private func openStore(area: Area, at now: Timestamp) throws(Rejection) -> StoreDetails {
    guard let details else { throw Rejection(.notFound, "there is no such store") }
    guard pausedReason == nil else {
      throw Rejection(.storePaused, "\(details.name) takes no orders at the moment")
    }
    guard details.hours.isOpen(at: now) else {
      throw Rejection(.storeClosed, "\(details.name) is closed")
    }
    guard details.areas.contains(area) else {
      throw Rejection(.areaNotServed, "\(details.name) does not deliver to \(area)")
    }
    return details
  }

  private func pricedLines(_ cart: [CartLine]) throws(Rejection) -> [OrderLine] {
    guard cart.count <= Order.linesMax else {
      throw Rejection(.invalid, "the order has more than \(Order.linesMax) lines")
    }
    var quantities: [MenuItemID: Int] = [:]
    var order: [MenuItemID] = []
    for line in cart {
      guard (1...Order.quantityMax).contains(line.quantity) else {
        throw Rejection(.invalid, "\(line.item): quantity must be 1 to \(Order.quantityMax)")
      }
      if quantities[line.item] == nil { order.append(line.item) }
      quantities[line.item, default: 0] += line.quantity
    }
    var lines: [OrderLine] = []
    for id in order {
      let item = try item(id)
      guard item.isAvailable else { throw Rejection(.soldOut, "\(item.name) is sold out") }
      lines.append(
        OrderLine(
          item: id, name: item.name, unitPrice: item.price, quantity: quantities[id] ?? 0))
    }
    return lines
  }

  private func checkPricesSeen(_ cart: [CartLine]) throws(Rejection) {
    var changes: [PriceChange] = []
    for line in cart {
      guard let seen = line.seenUnitPrice, let item = items[line.item], seen != item.price
      else { continue }
      changes.append(PriceChange(item: line.item, seen: seen, current: item.price))
    }
    guard let first = changes.first else { return }
    throw Rejection(
      .priceChanged, "\(first.item) costs \(first.current) now, not \(first.seen)",
      priceChanges: changes)
  }
}
