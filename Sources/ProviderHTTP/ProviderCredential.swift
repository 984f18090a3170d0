import Foundation

/// The shop's secret as HTTP Basic authentication shows it. It never shows anywhere else.
package struct ProviderCredential: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let secret: String
  /// The value of the header `Authorization`.
  let header: String

  /// - Parameter secret: the secret key; it is the user name, and there is no password.
  package init(secret: String) {
    self.secret = secret
    header = "Basic " + Self.encoded(secret)
  }

  /// The text without the secret, in whatever form it was echoed.
  func redacting(_ text: String) -> String {
    [header.dropFirst("Basic ".count), secret[...]].reduce(text) { text, part in
      part.isEmpty ? text : text.replacingOccurrences(of: part, with: "<secret>")
    }
  }

  package var description: String { "<secret>" }
  package var debugDescription: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

  private static func encoded(_ secret: String) -> String {
    Data("\(secret):".utf8).base64EncodedString()
  }
}
