/// What somebody is to an order.
package enum Role: String, CaseIterable, Hashable, Sendable {
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
package struct Principal: Hashable, Sendable, CustomStringConvertible {
  package let role: Role
  /// The customer's, store's, rider's, operator's or service's identifier.
  package let id: String

  package init(_ role: Role, id: String) {
    self.role = role
    self.id = id
  }

  package static func customer(_ id: CustomerID) -> Principal {
    Principal(.customer, id: id.rawValue)
  }
  package static func store(_ id: StoreID) -> Principal { Principal(.store, id: id.rawValue) }
  package static func rider(_ id: RiderID) -> Principal { Principal(.rider, id: id.rawValue) }
  package static func `operator`(_ id: String) -> Principal { Principal(.operator, id: id) }
  package static func service(_ id: String) -> Principal { Principal(.service, id: id) }

  package var description: String { "\(role.rawValue) \(id)" }
}
