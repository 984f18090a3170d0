/// Why bytes are not a message, or a message cannot become bytes.
public enum CodecError: Error, Hashable, Sendable {
  /// Truncated, a wrong wire type, or otherwise not bytes of this message.
  case malformed(message: String)
  /// A string field (full name) whose bytes are not UTF-8.
  case invalidUTF8(message: String, field: String)
  /// The message needs more memory than one message may have.
  case tooLarge(message: String, byteCountMax: Int)
  /// No message of this full name.
  case unknownMessage(String)
  /// JSON that does not fit the message; `path` names the place, such as `lines[1].quantity`.
  case json(message: String, path: String, reason: String)
}

extension CodecError: CustomStringConvertible {
  /// One line for logs and statuses.
  public var description: String {
    switch self {
    case .malformed(let message): "not a \(message)"
    case .invalidUTF8(let message, let field): "\(message): \(field) is not UTF-8"
    case .tooLarge(let message, let max): "\(message) needs more than \(max) bytes of memory"
    case .unknownMessage(let name): "no message is called \(name)"
    case .json(let message, let path, let reason):
      path.isEmpty ? "\(message): \(reason)" : "\(message): \(path): \(reason)"
    }
  }
}

/// What can go wrong between Swift values and C structs; named fully at the entry points, so
/// that the hot path carries no strings.
enum CodecFailure: Error {
  case malformed
  case exhausted
  case invalidUTF8(StaticString)

  func named(_ message: String) -> CodecError {
    switch self {
    case .malformed: .malformed(message: message)
    case .exhausted: .tooLarge(message: message, byteCountMax: Arena.byteCountMax)
    case .invalidUTF8(let field): .invalidUTF8(message: message, field: "\(field)")
    }
  }
}
