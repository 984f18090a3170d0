package import Domain
package import Transport

/// Who may call a method, and whose things it reaches then.
package struct MethodRule: Hashable, Sendable {
  /// Who may call it at all.
  package enum Callers: Hashable, Sendable {
    /// Also somebody who has not said who they are.
    case anyone
    case roles(Set<Role>)
  }

  /// Whose things it reaches.
  package enum Ownership: Hashable, Sendable {
    /// Nobody's: it is the same for all who may call it.
    case nobody
    /// The caller's own account, which this field of the request names, or nobody's when it is
    /// empty; operators and services name anybody's.
    case own(RequestField)
    /// What the caller is a party to, as the aggregate itself knows (`Decider.isOwner`,
    /// `Decider.isVisible`): to all others it does not exist.
    case party
  }

  /// Full name, such as `baedal.order.v1.OrderService/PlaceOrder`.
  package let method: String
  package let callers: Callers
  package let ownership: Ownership

  /// Whether a caller of that role is let in; nil is nobody in particular.
  package func admits(_ role: Role?) -> Bool {
    switch callers {
    case .anyone: true
    case .roles(let roles): role.map(roles.contains) ?? false
    }
  }
}
