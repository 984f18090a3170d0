/// So many of an item of an order.
public struct OfferedItem: Hashable, Sendable {
  public let item: MenuItemID
  public let quantity: Int

  public init(item: MenuItemID, quantity: Int) {
    self.item = item
    self.quantity = quantity
  }
}

/// The store cannot deliver some of an order, and the customer may have the money for it. The
/// store bears it.
public struct RefundOffer: Hashable, Sendable {
  /// The most offers an order may see.
  public static let offersMax = 20

  /// 1, 2, 3 … of its order.
  public let number: Int
  public let items: [OfferedItem]
  public let amount: Won
  public let reason: String

  public init(number: Int, items: [OfferedItem], amount: Won, reason: String) {
    self.number = number
    self.items = items
    self.amount = amount
    self.reason = reason
  }

  /// What the items cost in an order with these lines, of which `removed` was left out before.
  /// Throws `invalid` when they are not there, or when nothing would be left of the order: that is
  /// what cancelling is for.
  public static func value(
    of items: [OfferedItem], in lines: [OrderLine], without removed: [OfferedItem]
  ) throws(Rejection) -> Won {
    guard !items.isEmpty, items.count <= Order.linesMax else {
      throw Rejection(.invalid, "an offer names 1 to \(Order.linesMax) items")
    }
    var left: [MenuItemID: Int] = [:]
    var prices: [MenuItemID: Won] = [:]
    for line in lines {
      left[line.item, default: 0] += line.quantity
      prices[line.item] = line.unitPrice
    }
    for item in removed { left[item.item, default: 0] -= item.quantity }
    var value = Won.zero
    for item in items {
      guard let there = left[item.item], let price = prices[item.item], item.quantity >= 1,
        item.quantity <= there
      else {
        throw Rejection(.invalid, "\(item.item): \(item.quantity) of it are not in the order")
      }
      left[item.item] = there - item.quantity
      do {
        value = try value.adding(price.multiplied(by: item.quantity))
      } catch {
        throw Rejection(.invalid, "the refund is too large")
      }
    }
    guard left.values.contains(where: { $0 > 0 }) else {
      throw Rejection(.invalid, "nothing would be left of the order; cancel it instead")
    }
    return value
  }
}

extension RefundKey {
  /// The refund of an offer that the customer took.
  public static func offer(_ number: Int) -> RefundKey { RefundKey(validated: "offer-\(number)") }

  /// Nobody but the order asks for such a one.
  public var isOffer: Bool { rawValue.hasPrefix("offer-") }
}
