package import Domain
import Messages
import Transport

/// A request to place an order, checked for form.
package struct PlaceOrder: Sendable {
  package let id: OrderID
  package let customer: CustomerID
  package let store: StoreID
  let cart: [Domain.CartLine]
  let address: String
  let area: Area
  let method: PaymentMethod?
  let fingerprint: Fingerprint
  let allowParking: Bool

  /// The most bytes an idempotency key may have.
  package static let keyMaxBytes = 128

  /// Throws INVALID_ARGUMENT, naming the field.
  init(_ request: PlaceOrderRequest) throws(Rejection) {
    let key = request.idempotencyKey
    guard !key.isEmpty, key.utf8.count <= Self.keyMaxBytes else {
      throw Rejection(.invalid, "idempotency key must have 1 to \(Self.keyMaxBytes) bytes")
    }
    customer = try CustomerID(request.customerID)
    store = try StoreID(request.storeID)
    area = try Area(request.area)
    method = try PaymentMethod?(request.paymentMethod)
    address = request.deliveryAddress
    allowParking = !request.refuseParking
    guard request.lines.count <= Domain.Order.linesMax else {
      throw Rejection(.invalid, "the order has more than \(Domain.Order.linesMax) lines")
    }
    cart = try request.lines.map { (line) throws(Rejection) in try Domain.CartLine(line) }
    // The id follows from customer and key, so that a retry finds the order it made.
    id = OrderID(validated: "o" + Digest.name(of: customer.rawValue, key))
    guard let bytes = try? request.serialized() else {
      throw Rejection(.invalid, "the request is too large")
    }
    fingerprint = Fingerprint(validated: Digest.name(of: bytes))
  }

  /// The order to submit, priced from `menu`. Of an order that exists already nothing but the
  /// fingerprint counts: the menu may have changed since.
  func draft(
    existing: OrderDraft?, menu: MenuCopy, at now: Timestamp, expiresAt: Timestamp
  ) throws(Rejection) -> OrderDraft {
    let priced = existing == nil ? try menu.price(cart, area: area, at: now) : nil
    return OrderDraft(
      id: id, customer: customer, store: store, lines: priced?.lines ?? existing?.lines ?? [],
      total: priced?.total ?? existing?.total ?? .zero, deliveryAddress: address, area: area,
      paymentMethod: method, fingerprint: fingerprint, menuVersion: priced?.menuVersion ?? 0,
      allowParking: allowParking, expiresAt: expiresAt)
  }
}

extension Domain.CartLine {
  fileprivate init(_ line: Messages.CartLine) throws(Rejection) {
    guard let seen = try? Won(line.seenUnitPriceWon) else {
      throw Rejection(.invalid, "\(line.itemID): the price seen is negative")
    }
    self.init(
      item: try MenuItemID(line.itemID), quantity: Int(line.quantity),
      seenUnitPrice: seen == .zero ? nil : seen)
  }
}

extension PaymentMethod? {
  /// The method named, or nil for none.
  init(_ text: String) throws(Rejection) {
    self = text.isEmpty ? nil : try PaymentMethod(text)
  }
}
