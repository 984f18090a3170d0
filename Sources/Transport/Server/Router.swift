public import Messages

/// Which handler answers which method. Filled at start, then handed to a server.
public struct Router: Sendable {
  /// Decides whether a call may go on, before its handler sees it: what is known of it, and its
  /// request as it came. Throwing refuses it.
  public typealias Authorize = @Sendable (CallContext, [UInt8]) throws(RPCError) -> Void

  public typealias UnaryRoute =
    nonisolated(nonsending) @Sendable (
      [UInt8], CallContext
    ) async throws(RPCError) -> [UInt8]

  public typealias StreamRoute =
    nonisolated(nonsending) @Sendable (
      [UInt8], CallContext, ItemWriter
    ) async throws(RPCError) -> Void

  public enum Route: Sendable {
    case unary(UnaryRoute)
    case serverStream(StreamRoute)

    var isStream: Bool {
      if case .serverStream = self { true } else { false }
    }
  }

  let authorize: Authorize
  public var routes: [String: Route] = [:]

  /// A router that asks `authorize` about every call.
  public init(authorize: @escaping Authorize) {
    self.authorize = authorize
  }

  /// Full names of all methods it answers, sorted.
  public var methods: [String] { routes.keys.sorted() }

  /// Answers that method with `handler`. A second registration replaces the first.
  ///
  /// The handler runs where the transport runs it (on TCP: the connection's
  /// event loop), so it must not block. Its task is cancelled when the caller
  /// cancels, hangs up or its deadline passes.
  @inlinable
  public mutating func unary<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>,
    handler:
      nonisolated(nonsending) @escaping @Sendable (
        Request, CallContext
      ) async throws(RPCError) -> Response
  ) {
    routes[method.path] = .unary { payload, context throws(RPCError) in
      let request: Request = try Router.decode(payload)
      return try Router.encode(await handler(request, context))
    }
  }

  /// Answers that method with a stream: every `write` is one message, returning ends it.
  @inlinable
  public mutating func serverStream<Request: Message, Response: Message>(
    _ method: ServerStreamMethod<Request, Response>,
    handler:
      nonisolated(nonsending) @escaping @Sendable (
        Request, CallContext, StreamWriter<Response>
      ) async throws(RPCError) -> Void
  ) {
    routes[method.path] = .serverStream { payload, context, writer throws(RPCError) in
      let request: Request = try Router.decode(payload)
      try await handler(request, context, StreamWriter(items: writer))
    }
  }

  @inlinable
  public static func encode<M: Message>(_ message: M) throws(RPCError) -> [UInt8] {
    do {
      return try message.serialized()
    } catch {
      throw RPCError(
        code: .internal, message: "the answer could not be encoded", cause: error)
    }
  }

  @inlinable
  public static func decode<M: Message>(_ payload: [UInt8]) throws(RPCError) -> M {
    do {
      return try payload.withUnsafeBytes { (bytes) throws(CodecError) in try M(serialized: bytes) }
    } catch {
      throw RPCError(
        code: .invalidArgument, message: "the payload is not this method's message", cause: error)
    }
  }
}

extension Router {
  /// Lets every call through: for tests and for a node that trusts its network.
  public static let allowAll: Authorize = { (_, _) throws(RPCError) in }

  /// Refuses every call.
  public static let denyAll: Authorize = { (context, _) throws(RPCError) in
    throw RPCError(
      code: .permissionDenied, message: "\(context.method) is not allowed", unprocessed: true)
  }
}
