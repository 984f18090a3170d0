public import Messages

/// The sending side of a stream, one message at a time.
public struct StreamWriter<Response: Message>: Sendable {
  public let items: ItemWriter

  @inlinable
  public init(items: ItemWriter) {
    self.items = items
  }

  /// Sends one message, waiting while the client has granted no credit or does
  /// not read. Throws `cancelled`, `deadlineExceeded` or `unavailable` once
  /// nobody takes messages any more. One writer at a time.
  @inlinable
  nonisolated(nonsending)
    public func write(_ message: Response) async throws(RPCError)
  {
    try await items.write(Router.encode(message))
  }
}

/// `StreamWriter` below its message type.
public struct ItemWriter: Sendable {
  let call: ServerCall
  let session: ServerSession

  /// Sends one serialized message under the same terms as `StreamWriter.write`.
  nonisolated(nonsending)
    public func write(_ payload: [UInt8]) async throws(RPCError)
  {
    while true {
      switch session.sendItem(payload, of: call) {
      case .sent: return
      case .gone(let error): throw error
      case .wait: await session.waitForCredit(of: call)
      }
    }
  }
}
