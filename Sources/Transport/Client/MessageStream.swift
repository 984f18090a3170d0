public import Messages

/// What a server streams, in order. Reading grants the server room for more;
/// not reading holds it back. Leaving the loop, cancelling the task or letting
/// go of the stream cancels the call. For one reader.
public struct MessageStream<Response: Message>: AsyncSequence, Sendable {
  public typealias Element = Response
  public typealias Failure = RPCError

  let source: StreamSource

  public func makeAsyncIterator() -> Iterator {
    Iterator(source: source)
  }

  public struct Iterator: AsyncIteratorProtocol {
    let source: StreamSource

    /// The next message; nil after the last; throws what ended the stream otherwise.
    public mutating func next(
      isolation: isolated (any Actor)? = #isolation
    ) async throws(RPCError) -> Response? {
      guard let payload = try await source.next(isolation: isolation) else { return nil }
      do {
        return try Response(serialized: payload)
      } catch {
        source.cancel()
        throw RPCError(
          code: .internal, message: "a message of the stream cannot be read", cause: error)
      }
    }

    public mutating func next() async throws(RPCError) -> Response? {
      try await next(isolation: nil)
    }
  }
}

/// The reading side of one stream call. Cancels the call when nobody holds it.
final class StreamSource: Sendable {
  private let session: ClientSession
  private let call: ClientCall
  private let inbox: StreamInbox
  /// Messages after which credit is renewed: half of what was granted.
  private let renewAfter: UInt32

  /// Throws for a call that was not begun as a stream.
  init(session: ClientSession, call: ClientCall) throws(RPCError) {
    guard let inbox = call.inbox else {
      throw RPCError(code: .internal, message: "a stream without an inbox")
    }
    self.session = session
    self.call = call
    self.inbox = inbox
    renewAfter = max(1, call.creditGranted / 2)
  }

  deinit { session.cancel(call) }

  func cancel() { session.cancel(call) }

  func next(isolation: isolated (any Actor)?) async throws(RPCError) -> [UInt8]? {
    while true {
      switch inbox.take(renewAfter: renewAfter) {
      case .message(let payload, let credit):
        if credit > 0 { session.grant(credit, to: call) }
        return payload
      case .finished(let error):
        if let error { throw error }
        return nil
      case .wait:
        await withTaskCancellationHandler {
          await inbox.wait()
        } onCancel: {
          session.cancel(call)
        }
      }
    }
  }
}
