import Credentials
import Foundation
import Transport

/// A development authority in a folder of its own, and what it vouches for.
struct TestCertificates: Sendable {
  private let site: Site
  private let authority: DevelopmentAuthority

  private var folder: CertificateFolder { CertificateFolder("\(site.folder)/certs") }
  var authorityFile: String { folder.path("authority.pem") }

  init() throws {
    site = try Site()
    authority = try CertificateFolder("\(site.folder)/certs").authority().value
  }

  /// The part of a node's configuration that has it speak TLS and ask nodes for certificates.
  func config(_ name: String) throws -> String {
    try issue(name)
    return """
      tls:
        certificate_file: \(folder.path("\(name).pem"))
        key_file: \(folder.path("\(name).key"))
        ca_file: \(authorityFile)
        client_ca_file: \(authorityFile)
      """
  }

  /// Writes a certificate of that name, over the one that is there.
  func issue(_ name: String, from start: Date = Date(), days: Int = 30) throws {
    try folder.write(try authority.issue(name, from: start, days: days), as: name)
  }

  func path(_ file: String) -> String { folder.path(file) }

  /// A client that trusts this authority.
  ///
  /// - Parameter name: whose certificate it shows; nil for none.
  func client(_ name: String? = nil) throws -> ClientTLS {
    let now = Int64(Date().timeIntervalSince1970)
    let identity = try name.map { name in
      try issue(name)
      return try CertificateFiles.identity(
        certificate: folder.path("\(name).pem"), key: folder.path("\(name).key"), now: now)
    }
    return ClientTLS(
      try TLSContexts.client(
        authorities: try CertificateFiles.authorities(authorityFile, now: now),
        identity: identity.map { ($0.chain, $0.key) })
    ) { PeerCertificate(der: $0) }
  }
}
