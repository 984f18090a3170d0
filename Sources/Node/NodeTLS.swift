import Credentials
import NIOSSL
package import Transport

/// How a node speaks TLS: as a server, and as a client of other nodes. Made from the files that its
/// configuration names, and made anew from them by `reload`.
package struct NodeTLS: Sendable {
  /// Nothing is said about a certificate that holds longer than this.
  static let warningDays: Int64 = 14

  /// nil on a plain port.
  package let server: ServerTLS?
  /// nil when other nodes are called in plain.
  package let client: ClientTLS?
  /// Whether nodes that call this one show certificates.
  private let asksNodes: Bool
  /// Seconds since 1970.
  private let now: @Sendable () -> Int64

  /// Throws what is wrong with the files, with the key that names them.
  package init(
    _ settings: NodeConfig.TLS, now: @escaping @Sendable () -> Int64 = NodeTLS.systemSeconds
  ) throws(ConfigError) {
    let files = try TLSFiles(settings, now: now())
    self.now = now
    asksNodes = !settings.clientCAFile.isEmpty
    server = try files.server().map { ServerTLS($0) { PeerCertificate(der: $0) } }
    client = try files.client().map { ClientTLS($0) { PeerCertificate(der: $0) } }
  }

  /// Takes up renewed files: connections made from now on use them. When anything is wrong with
  /// them nothing changes, and the error says what. Whether TLS is spoken, and nodes are asked for
  /// certificates, is decided at start.
  ///
  /// - Returns: what is to be warned of; see `warnings`.
  @discardableResult
  package func reload(_ settings: NodeConfig.TLS) throws(ConfigError) -> [String] {
    guard settings.servesTLS == (server != nil), settings.callsWithTLS == (client != nil),
      settings.clientCAFile.isEmpty == !asksNodes
    else {
      throw ConfigError(
        .badValue, in: "tls", key: "tls", "what begins or ends with TLS needs a restart")
    }
    let files = try TLSFiles(settings, now: now())
    let (forServer, forClient) = (try files.server(), try files.client())
    if let forServer { server?.replace(forServer) }
    if let forClient { client?.replace(forClient) }
    return files.warnings(now: now())
  }

  /// The files that are read.
  package static func files(_ settings: NodeConfig.TLS) -> [String] {
    [settings.certificateFile, settings.keyFile, settings.caFile, settings.clientCAFile]
      .filter { !$0.isEmpty }
  }

  /// A certificate that is about to expire, in a line.
  package static func warnings(_ settings: NodeConfig.TLS, now: Int64) -> [String] {
    (try? TLSFiles(settings, now: now))?.warnings(now: now) ?? []
  }

  package static let systemSeconds: @Sendable () -> Int64 = { NodeClock.milliseconds() / 1000 }
}

/// The files read, before anything is made of them.
struct TLSFiles {
  private let settings: NodeConfig.TLS
  private let identity: CertificateFiles.Identity?
  private let authorities: [NIOSSLCertificate]?
  private let clientAuthorities: [NIOSSLCertificate]?

  init(_ settings: NodeConfig.TLS, now: Int64) throws(ConfigError) {
    self.settings = settings
    try Self.checkTogether(settings)
    do throws(CertificateFileError) {
      identity =
        settings.servesTLS
        ? try CertificateFiles.identity(
          certificate: settings.certificateFile, key: settings.keyFile, now: now) : nil
    } catch {
      throw Self.error(error.part == .key ? "tls.key_file" : "tls.certificate_file", error)
    }
    authorities = try Self.authorities("tls.ca_file", settings.caFile, now)
    clientAuthorities = try Self.authorities("tls.client_ca_file", settings.clientCAFile, now)
  }

  func server() throws(ConfigError) -> NIOSSLContext? {
    guard let identity else { return nil }
    return try made {
      try TLSContexts.server(
        chain: identity.chain, key: identity.key, clientAuthorities: clientAuthorities)
    }
  }

  func client() throws(ConfigError) -> NIOSSLContext? {
    guard settings.callsWithTLS else { return nil }
    return try made {
      try TLSContexts.client(
        authorities: authorities, identity: identity.map { ($0.chain, $0.key) })
    }
  }

  func warnings(now: Int64) -> [String] {
    guard let facts = identity?.facts else { return [] }
    let days = (facts.validUntil - now) / 86_400
    guard days < NodeTLS.warningDays else { return [] }
    let day = CertificateFiles.day(facts.validUntil)
    return ["'\(settings.certificateFile)' expires in \(days) days, on \(day); renew it"]
  }

  private static func checkTogether(_ settings: NodeConfig.TLS) throws(ConfigError) {
    let needs: [(Bool, key: String, other: String)] = [
      (
        settings.certificateFile.isEmpty && !settings.keyFile.isEmpty, "key_file",
        "certificate_file"
      ),
      (
        settings.keyFile.isEmpty && !settings.certificateFile.isEmpty, "certificate_file",
        "key_file"
      ),
      (
        settings.certificateFile.isEmpty && !settings.clientCAFile.isEmpty, "client_ca_file",
        "certificate_file"
      ),
    ]
    for need in needs where need.0 {
      throw ConfigError(
        .badValue, in: "tls", key: "tls.\(need.key)", "needs 'tls.\(need.other)' beside it")
    }
  }

  private static func authorities(
    _ key: String, _ path: String, _ now: Int64
  ) throws(ConfigError) -> [NIOSSLCertificate]? {
    guard !path.isEmpty else { return nil }
    do throws(CertificateFileError) {
      return try CertificateFiles.authorities(path, now: now)
    } catch {
      throw Self.error(key, error)
    }
  }

  private func made(_ make: () throws -> NIOSSLContext) throws(ConfigError) -> NIOSSLContext {
    do {
      return try make()
    } catch {
      throw ConfigError(
        .badValue, in: "tls", key: "tls.certificate_file",
        "'\(settings.certificateFile)' cannot be used for TLS: \(error)")
    }
  }

  private static func error(_ key: String, _ error: CertificateFileError) -> ConfigError {
    ConfigError(.badValue, in: "tls", key: key, error.description)
  }
}
