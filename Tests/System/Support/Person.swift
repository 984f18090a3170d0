import Messages
import NIOPosix
import Transport

/// Somebody with a connection to a node, opened at the first call.
struct Person: Sendable {
  let principal: Principal
  private let rpc: RPCClient
  private let transport: TCPClient

  /// - Parameters:
  ///   - tls: nil for a node that speaks plain.
  ///   - token: what proves it, where proof is asked for.
  init(
    _ role: String, _ id: String, of port: Int, connections: Int = 1, tls: ClientTLS? = nil,
    token: String = ""
  ) {
    principal = Principal(role: role, id: id)
    var configuration = ClientConfiguration()
    configuration.credentials = ClientCredentials(principal: principal, token: Array(token.utf8))
    configuration.limits.connectionsMax = connections
    configuration.tls = tls
    transport = TCPClient(
      host: "127.0.0.1", port: port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    rpc = RPCClient(transport)
  }

  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request,
    within limit: Duration = .seconds(30), waits: Bool = false
  ) async throws(RPCError) -> Response {
    try await rpc.unary(
      method, request, options: CallOptions(timeout: limit, waitsForServer: waits))
  }

  /// The answer to a payload that need not be one.
  func call(_ method: String, payload: [UInt8]) async throws(RPCError) -> [UInt8] {
    try await rpc.unary(method, payload, options: CallOptions(timeout: .seconds(30)))
  }

  /// The first message of a stream; nil when it ends without one.
  func first(_ method: String, payload: [UInt8]) async throws(RPCError) -> [UInt8]? {
    let stream = try await rpc.payloads(method, payload, options: CallOptions(timeout: .seconds(5)))
    var iterator = stream.makeAsyncIterator()
    return try await iterator.next()
  }

  func stream<Request: Message, Response: Message>(
    _ method: ServerStreamMethod<Request, Response>, _ request: Request
  ) async throws(RPCError) -> MessageStream<Response> {
    try await rpc.serverStream(method, request)
  }

  func close() async { await transport.close() }
}
