import Crypto
import Foundation
package import NIOSSL
import SwiftASN1
import X509

/// The PEM files that TLS is configured with, read and checked.
package enum CertificateFiles {
  /// A certificate with what leads to its authority, and the key that belongs to it.
  package struct Identity: Sendable {
    package let chain: [NIOSSLCertificate]
    package let key: NIOSSLPrivateKey
    /// Of the first certificate.
    package let facts: CertificateFacts
  }

  /// What one side shows. Throws when a file is missing or not what it should be, when the key is
  /// not the certificate's, and when the certificate does not hold at `now` (seconds since 1970).
  package static func identity(
    certificate: String, key keyPath: String, now: Int64
  ) throws(CertificateFileError) -> Identity {
    let all = try certificates(.certificate, certificate)
    let facts = CertificateFacts(all[0])
    guard now <= facts.validUntil else {
      throw CertificateFileError(
        .certificate, certificate, "has expired, on \(day(facts.validUntil))")
    }
    guard now >= facts.validFrom else {
      throw CertificateFileError(
        .certificate, certificate, "does not hold before \(day(facts.validFrom))")
    }
    guard Curve25519.Signing.PublicKey(all[0].publicKey) == nil else {
      // Of the callers there are, half do not offer it.
      throw CertificateFileError(
        .certificate, certificate, "has an Ed25519 key; TLS here needs ECDSA or RSA")
    }
    let text = try read(.key, keyPath)
    guard let key = try? NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem),
      let known = try? Certificate.PrivateKey(pemEncoded: keyText(text))
    else {
      throw CertificateFileError(.key, keyPath, "holds no private key in PEM without a password")
    }
    guard known.publicKey == all[0].publicKey else {
      throw CertificateFileError(.key, keyPath, "does not fit the certificate '\(certificate)'")
    }
    return Identity(chain: try loaded(.certificate, certificate, all), key: key, facts: facts)
  }

  /// Whom one side trusts: every certificate of the file. At least one of them holds at `now`.
  package static func authorities(
    _ path: String, now: Int64
  ) throws(CertificateFileError) -> [NIOSSLCertificate] {
    let all = try certificates(.authorities, path)
    let facts = all.map(CertificateFacts.init)
    guard facts.contains(where: \.isAuthority) else {
      throw CertificateFileError(.authorities, path, "holds no certificate of an authority")
    }
    guard facts.contains(where: { $0.isAuthority && $0.holds(at: now) }) else {
      throw CertificateFileError(.authorities, path, "holds only authorities that have expired")
    }
    return try loaded(.authorities, path, all)
  }

  /// Every certificate of a PEM file; at least one.
  static func certificates(
    _ part: CertificateFileError.Part, _ path: String
  ) throws(CertificateFileError) -> [Certificate] {
    let text = try read(part, path)
    let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []
    let certificates = documents.filter { $0.discriminator == "CERTIFICATE" }
      .map { try? Certificate(pemDocument: $0) }
    guard !certificates.isEmpty, !certificates.contains(nil) else {
      throw CertificateFileError(part, path, "holds no certificate in PEM, or a damaged one")
    }
    return certificates.compactMap { $0 }
  }

  /// Such as 2026-11-25.
  package static func day(_ second: Int64) -> String {
    let date = Date(timeIntervalSince1970: TimeInterval(second))
    return date.formatted(.iso8601.year().month().day())
  }

  /// The key's own part of a file: parameters of its curve may stand before it.
  private static func keyText(_ text: String) throws -> String {
    let documents = try PEMDocument.parseMultiple(pemString: text)
    return documents.first { $0.discriminator.hasSuffix("PRIVATE KEY") }?.pemString ?? text
  }

  private static func loaded(
    _ part: CertificateFileError.Part, _ path: String, _ certificates: [Certificate]
  ) throws(CertificateFileError) -> [NIOSSLCertificate] {
    do {
      return try certificates.map { certificate in
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
      }
    } catch {
      throw CertificateFileError(part, path, "holds a certificate that TLS cannot use")
    }
  }

  private static func read(
    _ part: CertificateFileError.Part, _ path: String
  ) throws(CertificateFileError) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw CertificateFileError(part, path, "is not there")
    }
    guard !isDirectory.boolValue, let bytes = FileManager.default.contents(atPath: path) else {
      throw CertificateFileError(part, path, "cannot be read by this user")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CertificateFileError(part, path, "is not a PEM file")
    }
    return text
  }
}
