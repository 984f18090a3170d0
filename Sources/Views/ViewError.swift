/// Why a view did not do what was asked. A view can always be built anew from its journals.
package enum ViewError: Error, Hashable, Sendable {
  /// Nothing was written or read: too much is waiting already. Try again later.
  case overloaded(String)
  /// Nothing was written: the disk is full or out of reach. Works again by itself when it can.
  case unavailable(String)
  /// The file is damaged. A view in use begins anew by itself.
  case corrupt(String)
  /// What is given does not follow what is there: a hole, or another history of the journal.
  case outOfStep(String)
  /// The request can never be right.
  case invalid(String)
  /// The view has been closed.
  case closed
  /// The waiting task was cancelled.
  case cancelled
}

extension ViewError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .overloaded(let reason): "view overloaded: \(reason)"
    case .unavailable(let reason): "view unavailable: \(reason)"
    case .corrupt(let reason): "view corrupt: \(reason)"
    case .outOfStep(let reason): "view out of step with its source: \(reason)"
    case .invalid(let reason): "invalid view request: \(reason)"
    case .closed: "view closed"
    case .cancelled: "cancelled while waiting for the view"
    }
  }
}
