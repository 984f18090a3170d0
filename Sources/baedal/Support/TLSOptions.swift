import ArgumentParser
import Credentials
import Foundation
import Node
import Transport

/// How a command that talks to a node speaks TLS.
struct TLSOptions: ParsableArguments {
  /// Taken where `--tls-ca` is not given.
  static let variable = "BAEDAL_TLS_CA"

  @Option(
    help: ArgumentHelp(
      "Speak TLS, and trust the authorities in this PEM file. \(variable) says the same.",
      valueName: "file"))
  var tlsCa: String?

  @Option(
    help: ArgumentHelp(
      "The name that the node's certificate must have, if not the one in --connect.",
      valueName: "host"))
  var tlsName: String?

  @Option(help: ArgumentHelp("A certificate to show, in PEM.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("Its key, in PEM.", valueName: "file"))
  var tlsKey: String?

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
    if tlsCertificate != nil || tlsName != nil, authority == nil {
      throw ValidationError("TLS needs --tls-ca or \(Self.variable)")
    }
    if let tlsName,
      tlsName.isEmpty || Address(argument: "\(tlsName):1") == nil || isNumeric(tlsName)
    {
      throw ValidationError("--tls-name '\(tlsName)' is not the name of a host")
    }
  }

  /// nil for plain bytes.
  func client() throws -> ClientTLS? {
    guard let authority else { return nil }
    let now = NodeTLS.systemSeconds()
    do {
      let authorities = try CertificateFiles.authorities(authority, now: now)
      var identity: CertificateFiles.Identity?
      if let tlsCertificate, let tlsKey {
        identity = try CertificateFiles.identity(
          certificate: tlsCertificate, key: tlsKey, now: now)
      }
      return ClientTLS(
        try TLSContexts.client(
          authorities: authorities, identity: identity.map { ($0.chain, $0.key) }),
        serverName: tlsName
      ) { PeerCertificate(der: $0) }
    } catch let error as CertificateFileError {
      throw Failure(line: "TLS: \(error)", status: .usage)
    }
  }

  private var authority: String? {
    tlsCa ?? ProcessInfo.processInfo.environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// An address is never a name.
  private func isNumeric(_ name: String) -> Bool {
    name.allSatisfy { $0.isNumber || $0 == "." }
  }
}
