import Messages
import NIOPosix
import Node
import Transport

/// An error as one line for people and an exit status for programs.
struct Failure: Error {
  let line: String
  let status: ExitStatus

  init(line: String, status: ExitStatus) {
    self.line = line
    self.status = status
  }

  /// nil if the error is the argument parser's own.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as RPCError: self.init(line: Self.line(error), status: ExitStatus(error.code))
    case let error as ConfigError: self.init(line: error.description, status: .usage)
    case let error as CodecError: self.init(line: error.description, status: .usage)
    case is CancellationError: self.init(line: "interrupted", status: .unreachable)
    default: return nil
    }
  }

  /// The status, its message, and what stands beside it.
  static func line(_ error: RPCError) -> String {
    if error.cause is NIOConnectionError {
      return "\(error.code.name): \(error.message): nobody answers there; start a node with "
        + "'baedal serve', or name another with --connect"
    }
    var parts = ["\(error.code.name): \(error.message)"]
    if error.message == RPCError.serverSpeaksTLS.message {
      parts.append("name its authorities with --tls-ca")
    }
    for detail in error.details {
      if let refusal = decode(Refusal.self, detail) { parts.append(words(refusal)) }
      if let changed = decode(PriceChanged.self, detail) { parts += changed.changes.map(words) }
    }
    if let wait = error.retryAfter { parts.append("try again in \(Show.duration(wait))") }
    return parts.joined(separator: "; ")
  }

  private static func decode<M: Message>(_ type: M.Type, _ detail: ErrorDetail) -> M? {
    guard detail.typeURL == M.fullName else { return nil }
    return try? M(serialized: detail.bytes)
  }

  private static func words(_ refusal: Refusal) -> String {
    var text = "refused as \(refusal.code)"
    if !refusal.command.isEmpty { text += ", command \(refusal.command)" }
    if !refusal.state.isEmpty { text += " in state \(refusal.state)" }
    return text
  }

  private static func words(_ change: PriceChange) -> String {
    "\(change.itemID) costs \(Show.won(change.currentWon)) now, not \(Show.won(change.seenWon))"
  }
}

extension RPCError {
  /// Whether what was asked for may have been done all the same. A refusal says that it was not.
  var mayHaveBeenDone: Bool {
    guard !unprocessed else { return false }
    switch code {
    case .unavailable, .deadlineExceeded, .cancelled, .unknown, .internal, .aborted, .dataLoss,
      .resourceExhausted:
      return true
    case .ok, .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition,
      .outOfRange, .unimplemented, .unauthenticated:
      return false
    }
  }
}
