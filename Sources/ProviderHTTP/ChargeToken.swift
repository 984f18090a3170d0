import Domain

/// What a payment method means to this provider.
///
/// `~` stands for the `=` that the provider's keys may have and our identifiers cannot.
enum ChargeToken: Hashable, Sendable {
  /// `once:<payment key>`: the customer got an expiring key for this one payment in the browser.
  case once(paymentKey: String)
  /// `billing:<customer key>:<billing key>`: a stored card, charged without the customer.
  case billing(customerKey: String, billingKey: String)

  init?(_ method: PaymentMethod) {
    let parts = method.rawValue.split(separator: ":", omittingEmptySubsequences: false)
      .map(ProviderText.theirs)
    guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { return nil }
    switch (parts.first, parts.count) {
    case ("once", 2): self = .once(paymentKey: parts[1])
    case ("billing", 3): self = .billing(customerKey: parts[1], billingKey: parts[2])
    default: return nil
    }
  }
}

/// Our payment key as the provider's order id: 6 to 64 of `A-Z a-z 0-9 - _ =`. A key that is none
/// gets the name of its digest; the `=` in it keeps it apart from every key that is one.
struct ProviderOrderID: Hashable, Sendable {
  let text: String

  init(_ key: PaymentKey) {
    let fits =
      (6...64).contains(key.rawValue.utf8.count)
      && !key.rawValue.utf8.contains(where: { [UInt8](".~:".utf8).contains($0) })
    text = fits ? key.rawValue : "key=" + ProviderText.digest(key)
  }
}
