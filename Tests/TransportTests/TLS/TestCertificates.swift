import Credentials
import Foundation
import NIOSSL

@testable import Transport

/// An authority of a test, and what it vouches for.
struct TestCertificates: Sendable {
  let authority: DevelopmentAuthority

  /// One for all tests that do not care which.
  static let shared = Result { try TestCertificates() }

  init() throws { authority = try DevelopmentAuthority() }

  /// Whom to trust so that this authority is trusted.
  func roots() throws -> [NIOSSLCertificate] {
    try NIOSSLCertificate.fromPEMBytes(Array(try authority.files().certificatePEM.utf8))
  }

  func issue(
    _ name: String = "node", hosts: [String] = ["localhost", "127.0.0.1"],
    from start: Date = Date(), days: Int = 1
  ) throws -> Identity {
    try Identity(try authority.issue(name, hosts: hosts, from: start, days: days))
  }

  /// Held until yesterday.
  func expired(_ name: String = "node") throws -> Identity {
    try issue(name, from: Date() - 3 * 86_400, days: 2)
  }

  /// - Parameter asking: of whom certificates of clients are taken; nil asks for none.
  func server(_ identity: Identity? = nil, asking: TestCertificates? = nil) throws -> ServerTLS {
    ServerTLS(try serverContext(identity, asking: asking)) { PeerCertificate(der: $0) }
  }

  func serverContext(
    _ identity: Identity? = nil, asking: TestCertificates? = nil
  ) throws -> NIOSSLContext {
    let identity = try identity ?? issue()
    return try TLSContexts.server(
      chain: identity.chain, key: identity.key, clientAuthorities: try asking?.roots())
  }

  /// A client that trusts this authority.
  func client(_ identity: Identity? = nil, name: String? = nil) throws -> ClientTLS {
    ClientTLS(
      try TLSContexts.client(
        authorities: try roots(), identity: identity.map { ($0.chain, $0.key) }),
      serverName: name
    ) { PeerCertificate(der: $0) }
  }

  struct Identity: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    init(_ issued: DevelopmentAuthority.Issued) throws {
      chain = try NIOSSLCertificate.fromPEMBytes(Array(issued.certificatePEM.utf8))
      key = try NIOSSLPrivateKey(bytes: Array(issued.keyPEM.utf8), format: .pem)
    }
  }
}
