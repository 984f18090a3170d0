/// Why a command was refused. A refused command changes nothing.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of refusal; every edge maps it to its own status once.
  public enum Code: String, CaseIterable, Hashable, Sendable {
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

  public let code: Code
  /// One sentence for a person.
  public let message: String
  /// The phase the aggregate was in; empty when there was none.
  public var state: String
  /// The command that was refused; empty when it was no command of an aggregate.
  public var command: String
  /// With `priceChanged`: each item whose price is another one now.
  public var priceChanges: [PriceChange]

  public init(
    _ code: Code, _ message: String, state: String = "", command: String = "",
    priceChanges: [PriceChange] = []
  ) {
    self.code = code
    self.message = message
    self.state = state
    self.command = command
    self.priceChanges = priceChanges
  }

  public var description: String {
    let place = command.isEmpty ? "" : " (\(command) in \(state))"
    return "\(code.rawValue): \(message)\(place)"
  }
}

/// An item whose price is not what the customer saw.
public struct PriceChange: Hashable, Sendable {
  public let item: MenuItemID
  public let seen: Won
  public let current: Won

  public init(item: MenuItemID, seen: Won, current: Won) {
    self.item = item
    self.seen = seen
    self.current = current
  }
}
