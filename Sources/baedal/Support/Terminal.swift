@preconcurrency import Glibc
import Node

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

  /// Something on standard output, at once. Where nobody reads that any more, the program ends.
  static func say(_ text: String) {
    var line = text + "\n"
    // A line that could not be written counts as written for `fwrite`, and leaves `fflush` nothing
    // to do; only `ferror` tells.
    _ = line.withUTF8 { fwrite($0.baseAddress, 1, $0.count, stdout) }
    fflush(stdout)
    let reason = errno
    guard ferror(stdout) != 0 else { return }
    guard reason == EPIPE else {
      complain("standard output cannot be written to: \(String(cString: strerror(reason)))")
      exit(ExitStatus.failed.rawValue)
    }
    // As any program does that writes into such a pipe: NIO has the signal ignored.
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    _exit(128 + SIGPIPE)
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
    guard text.unicodeScalars.contains(where: \.isTerminalControl) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.isTerminalControl ? "\u{FFFD}" : $0 }))
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
