import Foundation
import SwiftASN1
package import Transport
import X509

/// What stands in a certificate, for people and for checks.
package struct CertificateFacts: Hashable, Sendable {
  /// The subject, such as "CN=order".
  package let subject: String
  package let issuer: String
  /// Whom it names.
  package let names: PeerCertificate
  /// The first and the last second, since 1970, in which it holds.
  package let validFrom: Int64
  package let validUntil: Int64
  /// Whether it may vouch for others.
  package let isAuthority: Bool

  init(_ certificate: Certificate) {
    subject = "\(certificate.subject)"
    issuer = "\(certificate.issuer)"
    names = PeerCertificate(certificate)
    validFrom = Int64(certificate.notValidBefore.timeIntervalSince1970)
    validUntil = Int64(certificate.notValidAfter.timeIntervalSince1970)
    let constraints = try? certificate.extensions.basicConstraints
    if case .isCertificateAuthority = constraints {
      isAuthority = true
    } else {
      isAuthority = false
    }
  }

  /// All certificates of a PEM file, in its order. At least one.
  package static func read(_ path: String) throws(CertificateFileError) -> [CertificateFacts] {
    try CertificateFiles.certificates(.certificate, path).map(CertificateFacts.init)
  }

  /// Whether it holds at that second.
  package func holds(at now: Int64) -> Bool {
    (validFrom...max(validFrom, validUntil)).contains(now)
  }
}
