package import Domain
package import Transport

extension CallContext {
  /// Who calls, in the domain's terms. Throws UNAUTHENTICATED for nobody, PERMISSION_DENIED for a
  /// role that we do not know.
  package func caller() throws(RPCError) -> Domain.Principal {
    guard !principal.role.isEmpty else {
      throw RPCError(code: .unauthenticated, message: "say who you are", unprocessed: true)
    }
    guard let role = Role(rawValue: principal.role) else {
      throw RPCError(
        code: .permissionDenied, message: "there is no role '\(principal.role)'",
        unprocessed: true)
    }
    return Domain.Principal(role, id: principal.id)
  }
}

extension Domain.Principal {
  /// The same on the wire.
  package var onTheWire: Transport.Principal {
    Transport.Principal(role: role.rawValue, id: id)
  }
}
