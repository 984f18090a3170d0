import SwiftASN1
package import Transport
import X509

extension PeerCertificate {
  /// Reads the names of a certificate in DER; nil if it is none.
  package init?(der: [UInt8]) {
    guard let certificate = try? Certificate(derEncoded: der) else { return nil }
    self.init(certificate)
  }

  init(_ certificate: Certificate) {
    let attributes = certificate.subject.flatMap { Array($0) }
    let name = attributes.last { $0.type == .RDNAttributeType.commonName }
    self.init(commonName: name.flatMap { String($0.value) } ?? "")
    let alternatives = try? certificate.extensions.subjectAlternativeNames
    for alternative in alternatives.map({ Array($0) }) ?? [] {
      switch alternative {
      case .dnsName(let name): dnsNames.append(name)
      case .ipAddress(let octets):
        if let text = IPAddress.text(Array(octets.bytes)) { addresses.append(text) }
      default: break
      }
    }
  }
}
