package import Domain
package import Journal
package import Messages

/// Helpers for the one place of each service where domain events and messages meet.
package enum EventMapping {
  /// The message in wire format under its full name.
  package static func encode<Body: Message>(_ body: Body) throws(EventCodecError) -> EncodedEvent {
    do throws(CodecError) {
      return EncodedEvent(type: Body.fullName, payload: try body.serialized())
    } catch { throw .malformed("\(error)") }
  }

  /// The message back.
  package static func decode<Body: Message>(
    _ payload: [UInt8]
  ) throws(EventCodecError) -> Body {
    do throws(CodecError) { return try Body(serialized: payload) } catch {
      throw .malformed("\(error)")
    }
  }

  /// The message back, where its type does not follow from what is made of it.
  package static func decode<Body: Message>(
    _ type: Body.Type, _ payload: [UInt8]
  ) throws(EventCodecError) -> Body {
    try decode(payload)
  }

  /// Domain values in a stored event were checked before they were stored; a violation means
  /// damage, or an event that this code is too old for.
  package static func checked<Value>(
    _ body: () throws(Rejection) -> Value
  ) throws(EventCodecError) -> Value {
    do throws(Rejection) { return try body() } catch { throw .malformed(error.message) }
  }

  package static func won(_ amount: Int64) throws(EventCodecError) -> Won {
    do throws(MoneyError) { return try Won(amount) } catch { throw .malformed("\(error)") }
  }

  /// Nil for the empty text.
  package static func method(_ text: String) throws(EventCodecError) -> PaymentMethod? {
    try checked { () throws(Rejection) in try PaymentMethod?(text) }
  }
}

extension Messages.OrderLine {
  package init(_ line: Domain.OrderLine) {
    self.init(
      itemID: line.item.rawValue, name: line.name, unitPriceWon: line.unitPrice.amount,
      quantity: UInt32(clamping: line.quantity))
  }

  /// The line in the domain's terms, from an event.
  package func stored() throws(EventCodecError) -> Domain.OrderLine {
    let item = try EventMapping.checked { () throws(Rejection) in try MenuItemID(itemID) }
    return Domain.OrderLine(
      item: item, name: name, unitPrice: try EventMapping.won(unitPriceWon),
      quantity: Int(quantity))
  }
}

extension [Messages.OrderLine] {
  package func stored() throws(EventCodecError) -> [Domain.OrderLine] {
    try map { (line) throws(EventCodecError) in try line.stored() }
  }
}

extension Messages.OfferedItem {
  package init(_ item: Domain.OfferedItem) {
    self.init(itemID: item.item.rawValue, quantity: UInt32(clamping: item.quantity))
  }
}

extension Domain.OfferedItem {
  /// Checks an item that came from outside.
  package init(_ item: Messages.OfferedItem) throws(Rejection) {
    self.init(item: try MenuItemID(item.itemID), quantity: Int(item.quantity))
  }
}

extension [Messages.OfferedItem] {
  package func stored() throws(EventCodecError) -> [Domain.OfferedItem] {
    try EventMapping.checked { () throws(Rejection) in
      try map { (item) throws(Rejection) in try Domain.OfferedItem(item) }
    }
  }
}
