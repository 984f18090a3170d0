/// Why a command was refused. A refused command changes nothing.
package struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of refusal; every edge maps it to its own status once.
  package enum Code: String, CaseIterable, Hashable, Sendable {
    /// The state does not allow the command.
    case illegalState
    /// It belongs to somebody else, and the caller may know of it.
    case notYours
    /// The role never gives this command.
    case forbiddenRole
    /// A value is out of range or malformed.
    case invalid
    /// The same key was used before for something else.
    case conflict
    /// There is no such order, store, rider, item or refund, or the caller may not know of it.
    case notFound
    /// A price differs from what the customer saw; `priceChanges` has the new ones.
    case priceChanged
    /// Outside the store's opening hours.
    case storeClosed
    /// The store takes no orders at the moment.
    case storePaused
    /// The store does not deliver to this area.
    case areaNotServed
    /// The item is sold out.
    case soldOut
    /// The total is below the store's minimum order.
    case belowMinimum
  }

  package let code: Code
  /// One sentence for a person.
  package let message: String
  /// The phase the aggregate was in; empty when there was none.
  package var state: String
  /// The command that was refused; empty when it was no command of an aggregate.
  package var command: String
  /// With `priceChanged`: each item whose price is another one now.
  package var priceChanges: [PriceChange]

  package init(
    _ code: Code, _ message: String, state: String = "", command: String = "",
    priceChanges: [PriceChange] = []
  ) {
    self.code = code
    self.message = message
    self.state = state
    self.command = command
    self.priceChanges = priceChanges
  }

  package var description: String {
    let place = command.isEmpty ? "" : " (\(command) in \(state))"
    return "\(code.rawValue): \(message)\(place)"
  }
}

/// An item whose price is not what the customer saw.
package struct PriceChange: Hashable, Sendable {
  package let item: MenuItemID
  package let seen: Won
  package let current: Won

  package init(item: MenuItemID, seen: Won, current: Won) {
    self.item = item
    self.seen = seen
    self.current = current
  }
}
