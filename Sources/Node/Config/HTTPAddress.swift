/// `host:port`, an IPv6 address in brackets. Port 0 takes any free one.
package struct HTTPAddress: Sendable, Hashable {
  package let host: String
  package let port: Int

  /// nil when it is not one.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    let host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let bare = String(isBracketed ? host.dropFirst().dropLast() : host)
    guard TextRule.host.accepts(bare), isBracketed == bare.contains(":") else { return nil }
    self.host = bare
    self.port = port
  }

  /// Whether a host is this machine, seen from itself.
  static func isLoopback(_ host: String) -> Bool {
    host.hasPrefix("127.") || ["::1", "localhost"].contains(host)
  }
}

extension TextRule {
  static let optionalAddress = TextRule(expected: "HOST:PORT, or empty") { text in
    text.isEmpty || HTTPAddress(text) != nil
  }
}
