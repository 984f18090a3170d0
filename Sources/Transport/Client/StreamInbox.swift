import Synchronization

/// Messages of a stream that have arrived and not been read. The credit granted
/// bounds it; whoever puts more in has broken the protocol.
final class StreamInbox: Sendable {
  private struct State {
    var messages: [[UInt8]] = []
    var head = 0
    /// Messages read since credit was last renewed.
    var taken: UInt32 = 0
    var reader: UnsafeContinuation<Void, Never>?
    var isFinished = false
    var error: RPCError?
  }

  enum Next {
    /// A message, and the credit to renew now (often 0).
    case message([UInt8], credit: UInt32)
    case finished(RPCError?)
    case wait
  }

  private let state = Mutex(State())

  func put(_ message: [UInt8]) {
    let reader = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      if !state.isFinished { state.messages.append(message) }
      return state.reader.take()
    }
    reader?.resume()
  }

  /// What was put before is still read.
  func finish(_ error: RPCError?) {
    let reader = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      if !state.isFinished {
        state.isFinished = true
        state.error = error
      }
      return state.reader.take()
    }
    reader?.resume()
  }

  func take(renewAfter: UInt32) -> Next {
    state.withLock { state in
      if state.head < state.messages.count {
        let message = state.messages[state.head]
        state.head += 1
        if state.head == state.messages.count {
          state.messages.removeAll(keepingCapacity: true)
          state.head = 0
        } else if state.head >= 64 {
          state.messages.removeFirst(state.head)
          state.head = 0
        }
        state.taken += 1
        guard state.taken >= renewAfter else { return .message(message, credit: 0) }
        defer { state.taken = 0 }
        return .message(message, credit: state.taken)
      }
      return state.isFinished ? .finished(state.error) : .wait
    }
  }

  /// Returns when `take` is worth another try. One reader at a time.
  nonisolated(nonsending)
    func wait() async
  {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let ready = state.withLock { state -> UnsafeContinuation<Void, Never>? in
        if state.head < state.messages.count || state.isFinished { return continuation }
        let other = state.reader
        state.reader = continuation
        return other
      }
      ready?.resume()
    }
  }
}
