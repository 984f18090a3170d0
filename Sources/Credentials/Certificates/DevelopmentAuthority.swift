import Crypto
package import Foundation
import SwiftASN1
import X509

/// An authority of one's own, for development and tests: it vouches for nodes on this machine.
package struct DevelopmentAuthority: Sendable {
  /// A certificate and its key, as the text of two files.
  package struct Issued: Sendable {
    package let certificatePEM: String
    package let keyPEM: String
  }

  /// Clocks differ a little.
  private static let slack: TimeInterval = 3600
  private static let day: TimeInterval = 86_400

  private let certificate: Certificate
  private let key: P256.Signing.PrivateKey

  /// A new one.
  package init(
    _ name: String = "Baedal development authority", from start: Date = Date(), days: Int = 3650
  ) throws {
    key = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName(name) }
    let publicKey = Certificate.PublicKey(key.publicKey)
    certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
      notValidBefore: start - Self.slack, notValidAfter: start + Double(days) * Self.day,
      issuer: subject, subject: subject,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
  }

  /// One that was made before. Throws when the texts are not its two files.
  package init(_ files: Issued) throws {
    certificate = try Certificate(pemEncoded: files.certificatePEM)
    key = try P256.Signing.PrivateKey(pemRepresentation: files.keyPEM)
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw CertificateFileError(.key, "authority.key", "does not fit the certificate")
    }
  }

  /// Its own files. The key stays with whoever may make nodes.
  package func files() throws -> Issued {
    Issued(
      certificatePEM: try certificate.serializeAsPEM().pemString + "\n",
      keyPEM: key.pemRepresentation + "\n")
  }

  package var facts: CertificateFacts { CertificateFacts(certificate) }

  /// A certificate for a node, which it shows to its callers and to the nodes that it calls.
  ///
  /// - Parameters:
  ///   - name: the node's; it stands as common name and among the DNS names.
  ///   - hosts: names and addresses that it is reached by.
  package func issue(
    _ name: String, hosts: [String] = ["localhost", "127.0.0.1", "::1"],
    from start: Date = Date(), days: Int = 397
  ) throws -> Issued {
    let own = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(own.publicKey)
    let names = ([name] + hosts.filter { $0 != name }).map { host -> GeneralName in
      guard let bytes = IPAddress.bytes(host) else { return .dnsName(host) }
      return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    }
    let leaf = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
      notValidBefore: start - Self.slack, notValidAfter: start + Double(days) * Self.day,
      issuer: certificate.subject, subject: try DistinguishedName { CommonName(name) },
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth, .clientAuth])
        SubjectAlternativeNames(names)
        SubjectKeyIdentifier(hash: publicKey)
        AuthorityKeyIdentifier(
          keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    return Issued(
      certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
      keyPEM: own.pemRepresentation + "\n")
  }
}
