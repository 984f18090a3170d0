import Glibc
import Logging
import Synchronization

/// The node's log: one line per event that matters, to standard error.
enum NodeLog {
  /// - Parameter level: shared by all loggers that come of this one, and changed while they live.
  static func logger(_ config: NodeConfig, level: LogLevel) -> Logger {
    var logger = Logger(label: "baedal") { _ in
      LineHandler(format: config.log.format, shared: level)
    }
    logger[metadataKey: "node"] = "\(config.nodeName)"
    return logger
  }
}

/// The least that is logged: one for all loggers of a node.
final class LogLevel: Sendable {
  private let level: Mutex<Logger.Level>

  init(_ level: Logger.Level) { self.level = Mutex(level) }

  var now: Logger.Level { level.withLock { $0 } }

  func replace(_ new: Logger.Level) { level.withLock { $0 = new } }
}

/// Writes each entry as one line: `key=value` for people, JSON for programs.
private struct LineHandler: LogHandler {
  let format: NodeConfig.Log.Format
  let shared: LogLevel
  var metadata: Logger.Metadata = [:]
  /// Of this logger alone, once somebody has said so.
  private var own: Logger.Level?

  init(format: NodeConfig.Log.Format, shared: LogLevel) {
    self.format = format
    self.shared = shared
  }

  var logLevel: Logger.Level {
    get { own ?? shared.now }
    set { own = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    var line: String
    switch format {
    case .text:
      let message = NodeLog.shown("\(event.message)")
      line = "\(Self.time()) \(event.level.rawValue.uppercased()) \(message)"
      for (key, value) in fields { line += " \(key)=\(NodeLog.quoted("\(value)"))" }
    case .json:
      line = "{\"time\":\"\(Self.time())\",\"level\":\"\(event.level.rawValue)\""
      line += ",\"message\":\(NodeLog.json("\(event.message)"))"
      for (key, value) in fields { line += ",\(NodeLog.json(key)):\(NodeLog.json("\(value)"))" }
      line += "}"
    }
    line += "\n"
    // One call a line, so that lines of several threads do not mix.
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// ISO 8601 in UTC with milliseconds.
  private static func time() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var parts = tm()
    gmtime_r(&now.tv_sec, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let ms = now.tv_nsec / 1_000_000
    let fraction = ms < 10 ? "00\(ms)" : ms < 100 ? "0\(ms)" : "\(ms)"
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
  }
}

/// What came from somebody else must neither end a line nor reach the terminal that shows it.
extension NodeLog {
  /// The text, in quotes only where it would do so.
  static func shown(_ text: String) -> String {
    text.unicodeScalars.contains(where: \.isTerminalControl) ? json(text) : text
  }

  /// The text as one word.
  static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.value > 0x20 && $0 != "\"" && !$0.isTerminalControl
      }
    return isPlain ? text : json(text)
  }

  static func json(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.isTerminalControl:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
