import Foundation

/// Where a provider's API begins: `https://host[:port][/path]`. Anything that is not HTTPS is none.
package struct ProviderAddress: Hashable, Sendable, CustomStringConvertible {
  /// Without a slash at its end.
  private let text: String

  /// Nil unless the text is an HTTPS URL with a host and without user, query or fragment.
  package init?(_ text: String) {
    guard let parts = URLComponents(string: text), parts.scheme == "https",
      let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
      parts.query == nil, parts.fragment == nil,
      parts.port.map({ (1...65_535).contains($0) }) ?? true,
      !parts.path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
    else { return nil }
    var trimmed = text[...]
    while trimmed.hasSuffix("/") { trimmed.removeLast() }
    self.text = String(trimmed)
  }

  /// The URL of a path, which begins with a slash.
  func url(_ path: String) -> String { text + path }

  package var description: String { text }
}
