public import NIOCore
import NIOPosix
import Synchronization

/// Serves a router on a TCP port.
public final class TCPServer: ServerTransport {
  let router: Router
  private let current: Mutex<ServerConfiguration>
  let budgets: ServerBudgets
  private let group: any EventLoopGroup
  private let host: String
  private let port: Int
  private let state = Mutex(State())

  fileprivate struct State {
    var listener: (any Channel)?
    var connections: [ObjectIdentifier: Connection] = [:]
    var halfOpenCount = 0
    var refusedCount = 0
    /// Of those turned away, the ones that are still being told so.
    var leavingCount = 0
    var isDraining = false
    var waiters: [UnsafeContinuation<Void, Never>] = []
    var isFinished: Bool { isDraining && listener == nil && connections.isEmpty }
  }

  fileprivate struct Connection {
    let channel: any Channel
    let session: ServerSession
    var isGreeted = false
  }

  /// - Parameters:
  ///   - port: 0 lets the system choose; `start` tells which.
  ///   - group: whose event loops the connections and their calls run on.
  public init(
    host: String, port: Int, router: Router, configuration: ServerConfiguration,
    group: any EventLoopGroup
  ) {
    self.host = host
    self.port = port
    self.router = router
    current = Mutex(configuration)
    self.group = group
    budgets = ServerBudgets(configuration.limits)
  }

  /// What the next connection is told.
  var configuration: ServerConfiguration { current.withLock { $0 } }

  /// Connections from now on are held to these limits; open ones keep theirs. What connections
  /// share stays as it was: the budgets, and when reading pauses.
  public func replace(limits: ServerLimits) { current.withLock { $0.limits = limits } }

  /// Opens the port, and gives the address it got. `unavailable` if it cannot be had.
  @discardableResult
  public func start() async throws(RPCError) -> SocketAddress {
    let listener: any Channel
    do {
      listener = try await bootstrap().bind(host: host, port: port).get()
    } catch {
      throw RPCError(
        code: .unavailable, message: "cannot listen on \(host):\(port): \(error)", cause: error)
    }
    guard let address = listener.localAddress else {
      listener.close(promise: nil)
      throw RPCError(code: .internal, message: "the listening socket has no address")
    }
    listener.closeFuture.whenComplete { _ in self.listenerClosed() }
    let isLate = state.withLock { state in
      if state.isDraining { return true }
      state.listener = listener
      return false
    }
    if isLate { listener.close(promise: nil) }
    return address
  }

  /// Opens the port if `start` has not, and serves until drained or cancelled.
  public func run() async throws(RPCError) {
    let isStarted = state.withLock { $0.listener != nil || $0.isDraining }
    if !isStarted { try await start() }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isFinished = state.withLock { state in
          if !state.isFinished { state.waiters.append(continuation) }
          return state.isFinished
        }
        if isFinished { continuation.resume() }
      }
    } onCancel: {
      startDraining(within: .zero)
    }
  }

  public func startDraining(within duration: Duration) {
    let (listener, sessions, waiters) = state.withLock { state in
      state.isDraining = true
      return (state.listener, state.connections.values.map(\.session), state.takeWaiters())
    }
    listener?.close(promise: nil)
    for session in sessions { session.drain() }
    for waiter in waiters { waiter.resume() }
    group.next().scheduleTask(in: .nanoseconds(max(0, duration.wholeNanoseconds))) {
      self.closeAll()
    }
  }

  /// Drains and returns when everything is closed.
  public func drain(within duration: Duration) async {
    startDraining(within: duration)
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.waiters.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }

  /// Open connections now.
  public var connectionCount: Int { state.withLock { $0.connections.count } }

  /// Connections turned away because a limit was reached.
  public var refusedConnectionCount: Int { state.withLock { $0.refusedCount } }

  private func closeAll() {
    let channels = state.withLock { $0.connections.values.map(\.channel) }
    for channel in channels { channel.close(promise: nil) }
  }

  private func bootstrap() -> ServerBootstrap {
    let limits = configuration.limits
    let mark = ChannelOptions.Types.WriteBufferWaterMark(
      low: limits.outboundBytesHigh / 2, high: limits.outboundBytesHigh)
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: mark)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
      }
  }
}

// MARK: - Connections

extension TCPServer.State {
  fileprivate mutating func takeWaiters() -> [UnsafeContinuation<Void, Never>] {
    guard isFinished else { return [] }
    defer { waiters = [] }
    return waiters
  }
}

extension TCPServer {
  private func accept(_ channel: any Channel) throws {
    let ipAddress = channel.remoteAddress?.ipAddress ?? "?"
    let address = "\(ipAddress):\(channel.remoteAddress?.port ?? 0)"
    let configuration = configuration
    let limits = configuration.limits
    if let error = configuration.admit(ipAddress) {
      return try turnAway(channel, address, error)
    }
    let handshake = configuration.tls.map {
      ServerHandshake($0, lingerTimeout: limits.lingerTimeout)
    }
    let handler = TCPServerHandler(
      server: self, eventLoop: channel.eventLoop, address: address, handshake: handshake)
    let refusal = state.withLock { state -> RPCError? in
      guard !state.isDraining else {
        return RPCError(code: .unavailable, message: "the server is ending", unprocessed: true)
      }
      guard state.connections.count < limits.connectionsMax,
        state.halfOpenCount < limits.halfOpenConnectionsMax
      else {
        return RPCError(
          code: .resourceExhausted, message: "too many connections", retryAfter: .seconds(1))
      }
      state.connections[ObjectIdentifier(channel)] = Connection(
        channel: channel, session: handler.session)
      state.halfOpenCount += 1
      return nil
    }
    if let refusal { return try turnAway(channel, address, refusal) }
    let pipeline = channel.pipeline.syncOperations
    try handshake?.addHandlers(to: pipeline)
    try pipeline.addHandler(handler)
  }

  /// Without a handshake there is no way to say so on a port that speaks TLS.
  private func turnAway(_ channel: any Channel, _ address: String, _ error: RPCError) throws {
    let (limits, speaks) = (configuration.limits, configuration.tls == nil)
    // As many as may be half open are waited for; of more than that some may not hear why.
    let lingers = state.withLock { state in
      state.refusedCount += 1
      guard speaks, state.leavingCount < limits.halfOpenConnectionsMax else { return false }
      state.leavingCount += 1
      return true
    }
    refused(address, error)
    let pipeline = channel.pipeline.syncOperations
    if lingers {
      channel.closeFuture.whenComplete { _ in self.state.withLock { $0.leavingCount -= 1 } }
      try pipeline.addHandler(LingerHandler(timeout: limits.lingerTimeout))
    }
    try pipeline.addHandler(RefusalHandler(error, speaks: speaks))
  }

  func greeted(_ channel: any Channel) {
    state.withLock { state in
      guard state.connections[ObjectIdentifier(channel)]?.isGreeted == false else { return }
      state.connections[ObjectIdentifier(channel)]?.isGreeted = true
      state.halfOpenCount -= 1
    }
  }

  /// A connection was not accepted, or is cut off.
  func refused(_ address: String, _ error: RPCError) {
    configuration.onRefusal(Peer(address: address), error)
  }

  func disconnected(_ channel: any Channel) {
    let waiters = state.withLock { state in
      if let gone = state.connections.removeValue(forKey: ObjectIdentifier(channel)),
        !gone.isGreeted
      {
        state.halfOpenCount -= 1
      }
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  private func listenerClosed() {
    let waiters = state.withLock { state in
      state.listener = nil
      // Whatever closed it, nothing new will come.
      state.isDraining = true
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }
}

/// Tells a connection that is one too many so, and hangs up.
final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let error: RPCError
  private let speaks: Bool

  init(_ error: RPCError, speaks: Bool) {
    self.error = error
    self.speaks = speaks
  }

  func channelActive(context: ChannelHandlerContext) {
    if speaks {
      var bytes = ByteBuffer()
      _ = FrameCodec.append(.goAway(lastCallID: 0, error), to: &bytes)
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
    context.close(promise: nil)
  }
}
