@preconcurrency import Glibc

/// Where output goes. Colour only on a terminal, and never when `NO_COLOR` is set.
enum Terminal {
  /// SGR codes.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case cyan = "36"
  }

  static let hasColour: Bool = {
    if let off = getenv("NO_COLOR"), off.pointee != 0 { return false }
    if let name = getenv("TERM"), String(cString: name) == "dumb" { return false }
    return isatty(STDOUT_FILENO) == 1
  }()

  static func styled(_ text: String, _ style: Style?) -> String {
    guard hasColour, let style else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }

  /// One line on standard error.
  static func complain(_ line: String) {
    let isColoured = hasColour && isatty(STDERR_FILENO) == 1
    let text = plain(line)
    fputs(isColoured ? "\u{1B}[31m\(text)\u{1B}[0m\n" : text + "\n", stderr)
  }

  /// The text without control characters, which could move the cursor or change the terminal:
  /// most of what is printed came from somebody else.
  static func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control
      || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
  }

  /// Columns that the text takes: Hangul, Han and most emoji take two.
  static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// Filled up with spaces to that many columns.
  static func padded(_ text: String, to columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - width(text)))
  }
}
