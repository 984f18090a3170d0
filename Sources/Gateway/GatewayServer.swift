package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Transport

/// What the HTTP port takes from its callers.
package struct GatewayLimits: Sendable, Hashable {
  /// Of all header fields of a request.
  package var headerBytesMax = 16 * 1024
  package var headerFieldsMax = 100
  /// Beyond it, no more are accepted until one closes.
  package var connectionsMax = 256
  /// A connection that has no whole request for so long is closed.
  package var idleTimeout: Duration = .seconds(10)
  /// From a request's head until its answer has been written; then the connection is closed.
  package var answerTimeout: Duration = .seconds(10)
  /// The last answer of a connection says so. While more than half of the connections are taken,
  /// every answer is the last.
  package var answersMax = 100
  /// The first answer that a connection of this age gets is its last.
  package var connectionTimeout: Duration = .seconds(60)

  package init() {}
}

/// The HTTP port: one thread and a few handlers, apart from the event loops that carry orders, so
/// that it answers when they do not.
package struct GatewayServer: Sendable {
  private let host: String
  private let port: Int
  private let limits: GatewayLimits
  private let routes: GatewayRoutes
  private let log: Logger

  /// - Parameter port: 0 lets the system choose; `serving` tells which.
  package init(
    host: String, port: Int, limits: GatewayLimits = GatewayLimits(), routes: GatewayRoutes,
    log: Logger
  ) {
    self.host = host
    self.port = port
    self.limits = limits
    self.routes = routes
    self.log = log
  }

  /// Opens the port, and keeps it open as long as `body` runs. Throws `unavailable` if the port
  /// cannot be had, and what `body` throws.
  package func serving<Value: Sendable>(
    _ body: (SocketAddress?) async throws -> Value
  ) async throws -> Value {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      let value = try await serving(on: group, body)
      try? await group.shutdownGracefully()
      return value
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private func serving<Value: Sendable>(
    on group: MultiThreadedEventLoopGroup, _ body: (SocketAddress?) async throws -> Value
  ) async throws -> Value {
    typealias Opened = Result<SocketAddress?, any Error>
    let (opening, opened) = AsyncStream.makeStream(
      of: Opened.self, bufferingPolicy: .bufferingOldest(1))
    let application = application(on: group) { opened.yield(.success($0.localAddress)) }
    let lifecycle = ServiceGroup(services: [application], logger: application.logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      tasks.addTask { [log] in
        do {
          try await lifecycle.run()
          opened.yield(.failure(CancellationError()))
        } catch {
          // Before it is open, whoever opens it is told; later, nobody hears.
          if case .terminated = opened.yield(.failure(error)), !Task.isCancelled {
            log.critical("the HTTP port has ended", metadata: ["error": "\(error)"])
          }
        }
        opened.finish()
      }
      var address: SocketAddress?
      for await result in opening {
        do { address = try result.get() } catch {
          throw RPCError(
            code: .unavailable, message: "cannot listen on \(host):\(port) for HTTP: \(error)",
            cause: error)
        }
        break
      }
      let value: Result<Value, any Error>
      do { value = .success(try await body(address)) } catch { value = .failure(error) }
      // Who is being answered is not cut off, unless it takes long.
      await lifecycle.triggerGracefulShutdown()
      tasks.addTask { try await Task.sleep(for: Self.lingering) }
      _ = try? await tasks.next()
      return try value.get()
    }
  }

  /// So long may answers take that are under way when the port closes.
  private static let lingering = Duration.milliseconds(500)

  /// The port's inside, for tests also without a socket.
  package func application(
    on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
  ) -> Application<RouterResponder<BasicRequestContext>> {
    // Each request is none of the node's events.
    var quiet = log
    quiet.logLevel = .warning
    return Application(
      responder: routes.router().buildResponder(), server: server(),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(
          limits.connectionsMax, logger: quiet)),
      onServerRunning: onRunning, eventLoopGroupProvider: .shared(group), logger: quiet)
  }

  private func server() -> HTTPServerBuilder {
    let limits = limits
    let places = ConnectionPlaces(limits.connectionsMax)
    return HTTPServerBuilder { respond in
      var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
      decoder.maxHeaderFieldSize = limits.headerBytesMax
      decoder.maxHeaderListSize = limits.headerBytesMax
      decoder.maxHeaderFieldCount = limits.headerFieldsMax
      let configuration = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionBounds(limits, places)],
        idleTimeout: TimeAmount(limits.idleTimeout), httpDecoderConfiguration: decoder)
      return HTTP1Channel(
        responder: { request, writer, channel in
          let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limits.answerTimeout)) {
            channel.close(promise: nil)
          }
          defer { timer.cancel() }
          guard let refusal = request.refusal else {
            return try await respond(request, writer, channel)
          }
          try await writer.writeResponse(
            HTTPResponse(
              status: refusal, headerFields: [.contentLength: "0", .connection: "close"]))
          channel.close(promise: nil)
        }, configuration: configuration)
    }
  }
}

extension Request {
  /// What is answered when more follows the head than another request: nothing here takes that, and
  /// none of it is waited for.
  fileprivate var refusal: HTTPResponse.Status? {
    if hasBody { return .contentTooLarge }
    return head.method == .connect ? .notImplemented : nil
  }

  /// Whether a body follows the head.
  private var hasBody: Bool {
    headers.contains(.transferEncoding) || (headers[.contentLength].map { $0 != "0" } ?? false)
  }
}
