import Transport

/// Who a caller is, as far as this node can tell: the hello is believed, since a node listens on
/// loopback only unless told otherwise. An operator has to show the token if there is one, and so
/// has a service, which may call on an operator's behalf. Where nodes have certificates, a service
/// shows the one of its node.
struct NodeAccess: Sendable {
  private let operatorToken: [UInt8]?
  private let asksForCertificates: Bool

  init(_ config: NodeConfig) {
    operatorToken = config.access.operatorToken.map { Array($0.reveal().utf8) }
    asksForCertificates = !config.tls.clientCAFile.isEmpty
  }

  func authenticate(
    _ claim: ClientCredentials, _ peer: Peer
  ) throws(RPCError) -> Transport.Principal {
    try checkCertificate(claim.principal, peer)
    if ["operator", "service"].contains(claim.principal.role), let operatorToken,
      !Self.isEqual(claim.token, operatorToken)
    {
      throw RPCError(code: .unauthenticated, message: "the operator's token is not this one")
    }
    return claim.principal
  }

  /// A service is believed only with the certificate of the node that it says to be.
  private func checkCertificate(
    _ principal: Transport.Principal, _ peer: Peer
  ) throws(RPCError) {
    guard asksForCertificates, principal.role == "service",
      peer.certificate?.names(principal.id) != true
    else { return }
    throw RPCError(
      code: .unauthenticated, message: "a service shows the certificate of its node")
  }

  /// Takes the same time wherever the first difference is.
  private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
