/// A name for one thing: 1 to `maxBytes` bytes of `[A-Za-z0-9._~:-]`.
///
/// The alphabet is safe in URLs, log lines, topic keys and file names, and comparing two
/// identifiers is comparing bytes.
public protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// What the identifier is called in error messages, such as `order id`.
  static var noun: String { get }
  /// The longest identifier of this type, in bytes.
  static var maxBytes: Int { get }
  /// The identifier as it is stored and sent.
  var rawValue: String { get }
  /// Wraps text that is known to be valid, for instance because it was derived from another
  /// identifier. Everything else goes through the throwing initializer.
  init(validated rawValue: String)
}

extension Identifier {
  public static var maxBytes: Int { 64 }

  /// Checks and wraps text from outside; throws `invalid` with a message that names the field.
  public init(_ text: String) throws(Rejection) {
    guard Self.accepts(text) else {
      throw Rejection(
        .invalid, "\(Self.noun) must be 1 to \(Self.maxBytes) characters of A-Z a-z 0-9 . _ ~ : -")
    }
    self.init(validated: text)
  }

  /// Checks and wraps text from outside; nil when it is not an identifier.
  public init?(rawValue text: String) {
    guard Self.accepts(text) else { return nil }
    self.init(validated: text)
  }

  /// Whether `text` has a valid length and alphabet.
  public static func accepts(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= maxBytes else { return false }
    var text = text
    return text.withUTF8 { $0.allSatisfy(isAccepted) }
  }

  private static func isAccepted(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  public var description: String { rawValue }
}

/// One order; the same for its payment, ticket and delivery.
public struct OrderID: Identifier {
  public static var noun: String { "order id" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// One customer.
public struct CustomerID: Identifier {
  public static var noun: String { "customer id" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// One store, which is a restaurant.
public struct StoreID: Identifier {
  public static var noun: String { "store id" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// One rider.
public struct RiderID: Identifier {
  public static var noun: String { "rider id" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// One item of one store's menu.
public struct MenuItemID: Identifier {
  public static var noun: String { "menu item id" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// The key under which a payment is attempted, however often: never two captures for one key.
public struct PaymentKey: Identifier {
  public static var noun: String { "payment key" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// One refund of one payment: asking twice with one key refunds once.
public struct RefundKey: Identifier {
  public static var noun: String { "refund key" }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// What the payment provider calls a capture or a refund.
public struct ProviderReference: Identifier {
  public static var noun: String { "provider reference" }
  public static var maxBytes: Int { 128 }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

/// A token that stands for the customer's means of payment; never a card number.
public struct PaymentMethod: Identifier {
  public static var noun: String { "payment method" }
  public static var maxBytes: Int { 512 }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }

  /// Made by the customer for this one payment; never used without them.
  public var isOneTime: Bool { rawValue.hasPrefix("once:") }
}

/// A digest of a request's body: the same key with another fingerprint is another request.
public struct Fingerprint: Identifier {
  public static var noun: String { "fingerprint" }
  public static var maxBytes: Int { 128 }
  public let rawValue: String
  public init(validated rawValue: String) { self.rawValue = rawValue }
}

extension PaymentKey {
  /// The key of an order's payment. It never changes, so paying again after a failure cannot
  /// capture twice.
  public init(_ order: OrderID) { self.init(validated: order.rawValue) }
}

extension RefundKey {
  /// The refund of all that remains, when the order ends without being delivered.
  public static let void = RefundKey(validated: "void")
}
