import Domain
import Services

/// Between the provider's alphabet and ours.
enum ProviderText {
  /// The provider's form of what one of our identifiers holds.
  static func theirs(_ text: some StringProtocol) -> String {
    String(text.map { $0 == "~" ? "=" : $0 })
  }

  /// Our form of one of the provider's keys; nil when it does not fit.
  static func reference(_ text: String) -> ProviderReference? {
    guard !text.contains("~") else { return nil }
    return ProviderReference(rawValue: String(text.map { $0 == "=" ? "~" : $0 }))
  }

  static func digest(_ key: PaymentKey) -> String { Digest.name(of: key.rawValue) }
}
