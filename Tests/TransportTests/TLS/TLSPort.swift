import Messages
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// A server on a port of its own, what it was told of, and ways to reach it.
struct TLSPort: Sendable {
  let server: TCPServer
  let port: Int
  let probe = Probe()
  let refusals = Refusals()

  final class Refusals: Sendable {
    private let all = Mutex<[RPCError]>([])

    var messages: [String] { all.withLock { $0.map(\.message) } }
    func note(_ error: RPCError) { all.withLock { $0.append(error) } }
  }

  /// - Parameter tls: nil for a plain port.
  init(
    _ tls: ServerTLS?, limits: ServerLimits = ServerLimits(),
    authenticate: @escaping ServerConfiguration.Authenticate = ServerConfiguration.trusting
  ) async throws {
    var configuration = ServerConfiguration(authenticate: authenticate)
    configuration.limits = limits
    configuration.tls = tls
    let refusals = refusals
    configuration.onRefusal = { _, error in refusals.note(error) }
    server = TCPServer(
      host: "127.0.0.1", port: 0, router: testRouter(probe), configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    port = try await server.start().port ?? 0
  }

  /// A client that is closed after the call.
  func echo(
    _ tls: ClientTLS?, host: String = "127.0.0.1", as principal: Principal = .anonymous
  ) async throws(RPCError) -> String {
    var configuration = ClientConfiguration()
    configuration.tls = tls
    configuration.credentials = ClientCredentials(principal: principal)
    configuration.limits.attemptsMax = 1
    let client = TCPClient(
      host: host, port: port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    do throws(RPCError) {
      let answer = try await RPCClient(client).unary(
        TestMethods.echo, Text(service: "hello"), options: CallOptions(timeout: .seconds(20)))
      await client.close()
      return answer.service
    } catch {
      await client.close()
      throw error
    }
  }

  /// What the server made of the caller, of the call that came last.
  var lastPeer: Peer? { probe.contexts.withLock { $0.last?.peer } }

  /// Returns when the server was told of that many refusals.
  func refusals(_ count: Int) async -> [String] {
    while refusals.messages.count < count, !Task.isCancelled { await Task.yield() }
    return refusals.messages
  }

  /// Returns when nobody is connected any more.
  func emptied() async {
    while server.connectionCount > 0, !Task.isCancelled { await Task.yield() }
    #expect(server.connectionCount == 0)
  }

  func close() async { await server.drain(within: .milliseconds(50)) }
}
