public import Messages

/// Calls methods of one server, whatever carries them.
///
/// A call is sent again only if the server certainly did not begin it: it was
/// refused, never sent, or above a go-away's last call.
public struct RPCClient: Sendable {
  public let transport: any ClientTransport
  /// Chooses a replica for each call; nil when there is one server.
  private let replicas: BalancedClient?

  public init(_ transport: any ClientTransport) {
    self.transport = transport
    replicas = transport as? BalancedClient
  }

  /// Asks once and gives the answer.
  @inlinable
  nonisolated(nonsending)
    public func unary<Request: Message, Response: Message>(
      _ method: UnaryMethod<Request, Response>, _ request: Request,
      options: CallOptions = CallOptions()
    ) async throws(RPCError) -> Response
  {
    let payload = try Router.encode(request)
    let answer = try await unary(method.path, payload, options: options)
    do {
      return try answer.withUnsafeBytes { (bytes) throws(CodecError) in
        try Response(serialized: bytes)
      }
    } catch {
      throw RPCError(code: .internal, message: "the answer cannot be read", cause: error)
    }
  }

  /// Asks once and gives the stream of answers.
  public func serverStream<Request: Message, Response: Message>(
    _ method: ServerStreamMethod<Request, Response>, _ request: Request,
    options: CallOptions = CallOptions()
  ) async throws(RPCError) -> MessageStream<Response> {
    let payload = try Router.encode(request)
    return MessageStream(source: try await stream(method.path, payload, options: options))
  }

  /// `unary` below its message types: for generic clients.
  nonisolated(nonsending)
    public func unary(
      _ method: String, _ payload: [UInt8], options: CallOptions = CallOptions()
    ) async throws(RPCError) -> [UInt8]
  {
    let deadline = self.deadline(of: options)
    if let replicas {
      return try await replicas.unary(method, payload, options: options, deadline: deadline)
    }
    var attempt = Attempt(transport: transport, options: options, deadline: deadline)
    while true {
      do throws(RPCError) {
        let session: ClientSession
        if let ready = transport.readySession() {
          session = ready
        } else {
          session = try await transport.session(until: deadline)
        }
        return try await session.unary(
          method, payload: payload, options: options, deadline: deadline)
      } catch {
        try await attempt.failed(error)
      }
    }
  }

  /// `serverStream` below its message types: payloads as they come.
  public func payloads(
    _ method: String, _ payload: [UInt8], options: CallOptions = CallOptions()
  ) async throws(RPCError) -> PayloadStream {
    PayloadStream(source: try await stream(method, payload, options: options))
  }

  private func stream(
    _ method: String, _ payload: [UInt8], options: CallOptions
  ) async throws(RPCError) -> StreamSource {
    let deadline = self.deadline(of: options)
    if let replicas {
      return try await replicas.stream(method, payload, options: options, deadline: deadline)
    }
    var attempt = Attempt(transport: transport, options: options, deadline: deadline)
    while true {
      do throws(RPCError) {
        let session = try await transport.session(until: deadline)
        let call = try session.stream(
          method, payload: payload, options: options, deadline: deadline)
        return try StreamSource(session: session, call: call)
      } catch {
        try await attempt.failed(error)
      }
    }
  }

  private func deadline(of options: CallOptions) -> MonotonicInstant {
    guard let timeout = options.timeout else { return .distantFuture }
    return transport.configuration.clock.now().advanced(by: timeout)
  }
}

/// Counts the attempts of one call and decides whether another one is safe and due.
struct Attempt {
  let transport: any ClientTransport
  let options: CallOptions
  let deadline: MonotonicInstant
  private var count = 1

  init(transport: any ClientTransport, options: CallOptions, deadline: MonotonicInstant) {
    self.transport = transport
    self.options = options
    self.deadline = deadline
  }

  /// Returns when the call is to be tried again, throws if it is not to be.
  nonisolated(nonsending)
    mutating func failed(_ error: RPCError) async throws(RPCError)
  {
    let configuration = transport.configuration
    guard error.unprocessed, error.code == .unavailable else { throw error }
    // When to come again is the caller's to hear, unless it is to be waited for: where a call goes
    // over several nodes, each of them would multiply the attempts of the others.
    let isPassing = error.retryAfter == nil && count < configuration.limits.attemptsMax
    guard options.waitsForServer || isPassing else { throw error }
    count += 1
    // The first repetition is free: most often another connection is there already.
    guard count > 2 || error.retryAfter != nil else { return }
    let doublings = max(0, min(count - 3, 10))
    let pause = min(.seconds(1), configuration.limits.retryPause * (1 << doublings))
    let again = configuration.clock.now().advanced(by: max(pause, error.retryAfter ?? .zero))
    guard again < deadline else { throw error }
    do {
      try await configuration.clock.sleep(again)
    } catch {
      throw RPCError(code: .cancelled, message: "cancelled", unprocessed: true)
    }
  }
}

/// A stream's messages as they come, serialized. The terms are those of `MessageStream`.
public struct PayloadStream: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = RPCError

  let source: StreamSource

  public func makeAsyncIterator() -> Iterator {
    Iterator(source: source)
  }

  public struct Iterator: AsyncIteratorProtocol {
    let source: StreamSource

    public mutating func next(
      isolation: isolated (any Actor)? = #isolation
    ) async throws(RPCError) -> [UInt8]? {
      try await source.next(isolation: isolation)
    }

    public mutating func next() async throws(RPCError) -> [UInt8]? {
      try await next(isolation: nil)
    }
  }
}
