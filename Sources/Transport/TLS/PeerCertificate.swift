/// Whom a certificate names. It was verified against an authority that this side trusts.
public struct PeerCertificate: Sendable, Hashable {
  /// The subject's common name; empty if it has none.
  public var commonName: String
  /// The DNS names among its alternative names.
  public var dnsNames: [String]
  /// The IP addresses among them, as text.
  public var addresses: [String]

  public init(commonName: String, dnsNames: [String] = [], addresses: [String] = []) {
    self.commonName = commonName
    self.dnsNames = dnsNames
    self.addresses = addresses
  }

  /// Whether it is for that host by one of its DNS names; `*.` at the start of one stands for a
  /// single label (RFC 9525).
  public func isFor(host: String) -> Bool {
    let wanted = (host.hasSuffix(".") ? host.dropLast() : host[...]).lowercased()
    let parent = wanted.drop { $0 != "." }
    return dnsNames.contains { name in
      let name = name.lowercased()
      return name == wanted || (!parent.isEmpty && name == "*" + parent)
    }
  }

  /// Whether it names `node`: as its common name or as one of its DNS names, in whatever case.
  public func names(_ node: String) -> Bool {
    let wanted = node.lowercased()
    return !wanted.isEmpty
      && (commonName.lowercased() == wanted || dnsNames.contains { $0.lowercased() == wanted })
  }
}
