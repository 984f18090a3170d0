/// What somebody is to an order.
public enum Role: String, CaseIterable, Hashable, Sendable {
  /// Places orders, cancels them, pays.
  case customer
  /// The owner of a store.
  case store
  /// Brings orders to the door.
  case rider
  /// Our own people.
  case `operator`
  /// One of our services, passing on what another one recorded, or a deadline that passed.
  case service
}

/// Who gives a command: a role and the identifier it was authenticated with.
public struct Principal: Hashable, Sendable, CustomStringConvertible {
  public let role: Role
  /// The customer's, store's, rider's, operator's or service's identifier.
  public let id: String

  public init(_ role: Role, id: String) {
    self.role = role
    self.id = id
  }

  public static func customer(_ id: CustomerID) -> Principal {
    Principal(.customer, id: id.rawValue)
  }
  public static func store(_ id: StoreID) -> Principal { Principal(.store, id: id.rawValue) }
  public static func rider(_ id: RiderID) -> Principal { Principal(.rider, id: id.rawValue) }
  public static func `operator`(_ id: String) -> Principal { Principal(.operator, id: id) }
  public static func service(_ id: String) -> Principal { Principal(.service, id: id) }

  public var description: String { "\(role.rawValue) \(id)" }
}
