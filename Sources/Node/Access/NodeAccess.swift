import Credentials
import Transport

/// Who a caller is, as far as this node can tell.
///
/// With token keys, callers show a token, and are whom it says; nodes that have certificates are
/// whom those name. Without keys the hello is believed, since a node then listens on loopback only
/// unless told otherwise; operators and services show the operators' token, if there is one.
struct NodeAccess: Sendable {
  private let operatorToken: [UInt8]?
  private let asksForCertificates: Bool
  private let keys: TokenKeys?
  /// Seconds since 1970.
  private let wallClock: @Sendable () -> Int64
  private let clock: TransportClock

  init(
    _ config: NodeConfig, keys: TokenKeys? = nil,
    wallClock: @escaping @Sendable () -> Int64 = NodeTLS.systemSeconds,
    clock: TransportClock = .system
  ) {
    operatorToken = config.access.operatorToken.map { Array($0.reveal().utf8) }
    asksForCertificates = !config.tls.clientCAFile.isEmpty
    self.keys = keys
    self.wallClock = wallClock
    self.clock = clock
  }

  /// What can be told at once.
  func authenticate(
    _ claim: ClientCredentials, _ peer: Peer
  ) throws(RPCError) -> Transport.Principal {
    let role = claim.principal.role
    if role == "service", asksForCertificates {
      guard peer.certificate?.names(claim.principal.id) == true else {
        throw RPCError(
          code: .unauthenticated, message: "a service shows the certificate of its node")
      }
    }
    guard keys == nil else {
      // Whoever claims nothing may ask what everyone may.
      guard !role.isEmpty || !claim.principal.id.isEmpty || !claim.token.isEmpty else {
        return .anonymous
      }
      guard isCertified(claim.principal) || isShared(claim) || !claim.token.isEmpty else {
        throw RPCError(code: .unauthenticated, message: "show a token")
      }
      return claim.principal
    }
    if ["operator", "service"].contains(role), operatorToken != nil, !isShared(claim) {
      throw RPCError(code: .unauthenticated, message: "the operator's token is not this one")
    }
    return claim.principal
  }

  /// What a token proves; nil when there are no keys to tell.
  var verify: ServerConfiguration.Verify? {
    guard let keys else { return nil }
    return { (claim, peer) async throws(RPCError) in
      try await identity(of: claim, by: keys)
    }
  }

  private func identity(
    of claim: ClientCredentials, by keys: TokenKeys
  ) async throws(RPCError) -> Identity {
    guard !claim.token.isEmpty, !isCertified(claim.principal), !isShared(claim) else {
      return Identity(claim.principal)
    }
    let wall = wallClock()
    let verified: TokenKeys.Verified
    do throws(TokenError) {
      verified = try await keys.verify(claim.token, at: wall)
    } catch {
      throw Self.refusal(because: error)
    }
    let principal = Principal(role: verified.claims.role, id: verified.claims.subject)
    let claimed = claim.principal
    guard claimed == .anonymous || claimed == principal else {
      throw Self.refusal(
        because: "a token of \(principal.role):\(principal.id), whose bearer claims to be "
          + "\(claimed.role):\(claimed.id)")
    }
    // Where nodes have certificates, nothing else makes a service.
    guard principal.role != "service" || !asksForCertificates else {
      throw Self.refusal(because: "a token of a service, shown without its certificate")
    }
    let end = clock.now().advanced(by: .seconds(verified.claims.expires - wall))
    return Identity(principal, expires: end) { now in
      now < end && keys.holds(verified)
        ? nil : RPCError(code: .unauthenticated, message: Self.notTaken)
    }
  }

  private static let notTaken = "this token is not taken"

  /// The bearer is told nothing that helps to make a better one; the log is told the cause.
  private static func refusal(because error: TokenError) -> RPCError {
    RPCError(code: .unauthenticated, message: notTaken, cause: error)
  }

  private static func refusal(because reason: String) -> RPCError {
    RPCError(code: .unauthenticated, message: notTaken, cause: NotTheirs(description: reason))
  }

  private func isCertified(_ principal: Transport.Principal) -> Bool {
    principal.role == "service" && asksForCertificates
  }

  /// Whether it is somebody with the operators' token, which nodes share. An empty one proves
  /// nothing.
  private func isShared(_ claim: ClientCredentials) -> Bool {
    guard let operatorToken, !operatorToken.isEmpty,
      ["operator", "service"].contains(claim.principal.role)
    else { return false }
    return Self.isEqual(claim.token, operatorToken)
  }

  /// Takes the same time wherever the first difference is.
  private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Why a good token is not taken, for the log.
private struct NotTheirs: Error, CustomStringConvertible {
  let description: String
}
