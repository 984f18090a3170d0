import ArgumentParser
import Transport

/// What the exit code says.
enum ExitStatus: Int32, CaseIterable {
  case ok = 0
  case refused = 1
  case usage = 2
  case unreachable = 3
  case violations = 4
  case notYours = 5
  case failed = 6

  /// Which one a call's status is.
  init(_ code: StatusCode) {
    switch code {
    case .ok: self = .ok
    case .failedPrecondition, .invalidArgument, .alreadyExists, .aborted, .outOfRange:
      self = .refused
    case .unavailable, .resourceExhausted, .deadlineExceeded, .cancelled: self = .unreachable
    case .notFound, .permissionDenied, .unauthenticated: self = .notYours
    case .internal, .unknown, .dataLoss, .unimplemented: self = .failed
    }
  }

  private var meaning: String {
    switch self {
    case .ok: "it worked"
    case .refused: "refused by the service, or the order was rejected or never paid"
    case .usage: "wrong arguments or configuration"
    case .unreachable: "nobody there, too busy, or too late"
    case .violations: "the audit found violations"
    case .notYours: "not found, or not allowed"
    case .failed: "the service failed"
    }
  }

  /// All of them in one sentence, for the help.
  static let summary =
    allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: "; ") + "."

  var code: ExitCode { ExitCode(rawValue) }
}
