/// One call a client waits for.
///
/// `id`, `continuation` and `isCancelled` are touched only under the lock of the
/// session the call was begun on; the continuation is resumed once, by whoever
/// took the call out of the state machine.
final class ClientCall: Sendable {
  /// `distantFuture` if there is none.
  let deadline: MonotonicInstant
  /// nil for a unary call.
  let inbox: StreamInbox?
  /// 0 until the call has begun.
  nonisolated(unsafe) var id: UInt64 = 0
  nonisolated(unsafe) var continuation: UnsafeContinuation<Result<[UInt8], RPCError>, Never>?
  /// The caller went away before the call began.
  nonisolated(unsafe) var isCancelled = false

  init(deadline: MonotonicInstant, inbox: StreamInbox? = nil) {
    self.deadline = deadline
    self.inbox = inbox
  }

  var isStream: Bool { inbox != nil }

  /// The call is over. Success means a unary answer, or a stream that ended well.
  func finish(_ result: Result<[UInt8], RPCError>) {
    continuation?.resume(returning: result)
    guard let inbox else { return }
    switch result {
    case .success: inbox.finish(nil)
    case .failure(let error): inbox.finish(error)
    }
  }
}
