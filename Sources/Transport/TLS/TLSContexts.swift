import NIOCore
public import NIOSSL

/// How both sides speak TLS: version 1.2 at least, and the protocol's name in ALPN.
public enum TLSContexts {
  /// The wire protocol's name in ALPN. Who offers or selects nothing is talked to as well.
  public static let protocolName = "baedal/1"
  /// How long the other side may take to answer a `close_notify`.
  private static let goodbyeTimeout = TimeAmount.seconds(1)

  /// For a server. A context is made once and costs a read of all it holds; not on an event loop.
  ///
  /// - Parameters:
  ///   - chain: the server's certificate, then what leads from it to an authority.
  ///   - clientAuthorities: whose clients may show a certificate: one that is shown must hold, none
  ///     is fine. nil asks for none.
  public static func server(
    chain: [NIOSSLCertificate], key: NIOSSLPrivateKey, clientAuthorities: [NIOSSLCertificate]?
  ) throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = [protocolName]
    tls.shutdownTimeout = goodbyeTimeout
    if let clientAuthorities {
      tls.certificateVerification = .optionalVerification
      tls.trustRoots = .certificates(clientAuthorities)
      tls.sendCANameList = true
    }
    return try NIOSSLContext(configuration: tls)
  }

  /// For a client, which verifies the server's chain and name.
  ///
  /// - Parameters:
  ///   - authorities: who may vouch for servers; nil for those that the system trusts.
  ///   - identity: shown to a server that asks for a certificate.
  public static func client(
    authorities: [NIOSSLCertificate]?,
    identity: (chain: [NIOSSLCertificate], key: NIOSSLPrivateKey)? = nil
  ) throws -> NIOSSLContext {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = [protocolName]
    tls.certificateVerification = .fullVerification
    tls.trustRoots = authorities.map { .certificates($0) } ?? .default
    tls.shutdownTimeout = goodbyeTimeout
    if let identity {
      tls.certificateChain = identity.chain.map { .certificate($0) }
      tls.privateKey = .privateKey(identity.key)
    }
    return try NIOSSLContext(configuration: tls)
  }
}
