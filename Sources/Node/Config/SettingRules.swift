import ProviderHTTP

/// The unit in which the file writes a span of time.
enum TimeUnit: String, Sendable {
  case seconds
  case milliseconds

  private var perSecond: Double { self == .seconds ? 1 : 1000 }

  /// Whole microseconds, since nothing here needs less.
  func duration(_ value: Double) -> Duration {
    .microseconds(Int64((value / perSecond * 1_000_000).rounded()))
  }

  /// The duration as a number of this unit.
  func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return Self.written((Double(seconds) + Double(attoseconds) / 1e18) * perSecond)
  }

  /// Without a decimal point where none is needed.
  static func written(_ value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? String(value)
  }
}

/// What a text may be.
struct TextRule: Sendable {
  let expected: String
  let accepts: @Sendable (String) -> Bool

  static let name = TextRule(expected: "1 to 63 letters, digits, dots or dashes") { text in
    (1...63).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  static let host = TextRule(expected: "a host name or an IP address, without a port") { text in
    !text.isEmpty && text.utf8.count <= 253 && !text.contains("/")
      && !text.contains(where: \.isWhitespace)
      && (!text.contains(":") || text.filter { $0 == ":" }.count > 1)
  }

  static let path = TextRule(expected: "the path of a directory") { text in
    !text.isEmpty && !text.utf8.contains(0)
  }

  static let optionalPath = TextRule(expected: "the path of a file, or empty") { text in
    !text.utf8.contains(0)
  }

  static let optionalHTTPS = TextRule(
    expected: "an https:// address without user, query or fragment, or empty"
  ) { text in text.isEmpty || ProviderAddress(text) != nil }

  static let insecure = TextRule(
    expected: "empty, or exactly '\(NodeConfig.insecureSentence)'"
  ) { text in text.isEmpty || text == NodeConfig.insecureSentence }

  static let insecureHTTP = TextRule(
    expected: "empty, or exactly '\(NodeConfig.insecureHTTPSentence)'"
  ) { text in text.isEmpty || text == NodeConfig.insecureHTTPSentence }

  static let any = TextRule(expected: "a text") { _ in true }
}
