public import NIOCore
import NIOPosix
import Synchronization

/// Reaches a server over TCP: connects on demand, keeps a fixed number of
/// connections at most, replaces one that goes away.
public final class TCPClient: ClientTransport {
  public let configuration: ClientConfiguration
  private let group: any EventLoopGroup
  private let host: String
  private let port: Int
  /// What the server's certificate must name.
  private let name: String
  private let state: Mutex<State>

  fileprivate typealias Waiter = UnsafeContinuation<Result<ClientSession, RPCError>, Never>

  fileprivate struct State {
    var slots: [Slot]
    var turn = 0
    var nextTicket = 0
    var isClosed = false
  }

  /// One place for a connection.
  fileprivate struct Slot {
    /// Connecting, or connected.
    var session: ClientSession?
    var isConnecting = false
    /// Told apart, so that one of them can give up alone.
    var waiters: [Int: Waiter] = [:]
    /// Until then, calls fail at once with that error.
    var failure: (until: MonotonicInstant, error: RPCError)?
  }

  /// - Parameter name: what TLS knows the server by, when `host` is an address that a name was
  ///   resolved to; nil: the host itself.
  public init(
    host: String, port: Int, name: String? = nil, configuration: ClientConfiguration,
    group: any EventLoopGroup
  ) {
    self.name = name ?? host
    self.host = host
    self.port = port
    self.configuration = configuration
    self.group = group
    let slot = Slot()
    let count = max(1, configuration.limits.connectionsMax)
    state = Mutex(State(slots: Array(repeating: slot, count: count)))
  }

  public func readySession() -> ClientSession? {
    let session = state.withLock { state -> ClientSession? in
      state.slots[state.nextTurn()].session
    }
    guard let session, session.isOpen else { return nil }
    return session
  }

  public func session(until deadline: MonotonicInstant) async throws(RPCError) -> ClientSession {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (waiter: Waiter) in
        join(waiter, ticket, until: deadline)
      }
    } onCancel: {
      giveUp(ticket, RPCError(code: .cancelled, message: "cancelled", unprocessed: true))
    }
    return try result.get()
  }

  public func close() async {
    let sessions = state.withLock { state in
      state.isClosed = true
      return state.slots.compactMap(\.session)
    }
    for session in sessions { session.disconnected(Self.closed) }
  }

  public func drain() {
    let sessions = state.withLock { state in
      state.isClosed = true
      return state.slots.compactMap(\.session)
    }
    for session in sessions { session.drain() }
  }

  private static let closed = RPCError(code: .unavailable, message: "the client was closed")
}

// MARK: - Connecting

extension TCPClient.State {
  fileprivate mutating func nextTurn() -> Int {
    turn = (turn + 1) % slots.count
    return turn
  }
}

extension TCPClient {
  private enum Joined {
    case done(Result<ClientSession, RPCError>)
    case wait(connect: Int?)
  }

  private func join(_ waiter: Waiter, _ ticket: Int, until deadline: MonotonicInstant) {
    let now = configuration.clock.now()
    let joined = state.withLock { state -> Joined in
      if Task.isCancelled {
        return .done(.failure(RPCError(code: .cancelled, message: "cancelled", unprocessed: true)))
      }
      if state.isClosed {
        // Not cancelled by its caller: another replica may still take the call.
        var error = Self.closed
        error.unprocessed = true
        return .done(.failure(error))
      }
      let index = state.nextTurn()
      if let session = state.slots[index].session, session.isOpen {
        return .done(.success(session))
      }
      if let failure = state.slots[index].failure, now < failure.until {
        return .done(.failure(failure.error))
      }
      let isFirst = !state.slots[index].isConnecting
      state.slots[index].isConnecting = true
      state.slots[index].waiters[ticket] = waiter
      return .wait(connect: isFirst ? index : nil)
    }
    switch joined {
    case .done(let result):
      waiter.resume(returning: result)
    case .wait(let index):
      if let index { connect(index) }
      guard deadline < .distantFuture else { return }
      group.next().scheduleTask(
        in: .nanoseconds(max(0, now.nanoseconds(until: deadline)))
      ) {
        self.giveUp(
          ticket,
          RPCError(
            code: .deadlineExceeded, message: "the deadline passed while connecting",
            unprocessed: true))
      }
    }
  }

  private func giveUp(_ ticket: Int, _ error: RPCError) {
    let waiter = state.withLock { state -> Waiter? in
      for index in state.slots.indices {
        if let waiter = state.slots[index].waiters.removeValue(forKey: ticket) { return waiter }
      }
      return nil
    }
    waiter?.resume(returning: .failure(error))
  }

  private func connect(_ index: Int) {
    let eventLoop = group.next()
    let configuration = self.configuration
    ClientBootstrap(group: eventLoop)
      .connectTimeout(.nanoseconds(configuration.limits.connectTimeout.wholeNanoseconds))
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connect(host: host, port: port)
      .flatMapThrowing { channel in
        // Only now: a name with several addresses is tried at several of them, each with a channel
        // of its own, and this is the one that stays.
        do {
          let tls = try configuration.tls?.handshake(host: self.name)
          let handler = TCPClientHandler(
            configuration: configuration, eventLoop: channel.eventLoop, tls: tls
          ) { error in self.opened(index, error) }
          if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler) }
          try channel.pipeline.syncOperations.addHandler(handler)
          self.connected(index, handler.session)
        } catch {
          channel.close(promise: nil)
          throw error
        }
      }
      .whenFailure { error in
        self.opened(
          index,
          RPCError(
            code: .unavailable, message: "cannot connect to \(self.host):\(self.port)",
            unprocessed: true, cause: error))
      }
  }

  /// There is a connection; whether the server accepts it is still to come.
  private func connected(_ index: Int, _ session: ClientSession) {
    let isClosed = state.withLock { state in
      state.slots[index].session = session
      return state.isClosed
    }
    if isClosed { session.disconnected(Self.closed) }
  }

  /// The server accepted the connection, or there is none.
  private func opened(_ index: Int, _ error: RPCError?) {
    var error = error
    error?.unprocessed = true
    let pause = max(configuration.limits.reconnectPause, error?.retryAfter ?? .zero)
    let until = configuration.clock.now().advanced(by: pause)
    let closed = RPCError(code: .unavailable, message: "the connection is gone", unprocessed: true)
    let (waiters, session) = state.withLock { state -> ([Waiter], ClientSession?) in
      state.slots[index].isConnecting = false
      if error != nil { state.slots[index].session = nil }
      state.slots[index].failure = error.map { (until, $0) }
      defer { state.slots[index].waiters = [:] }
      return (Array(state.slots[index].waiters.values), state.slots[index].session)
    }
    let result: Result<ClientSession, RPCError> =
      session.map { .success($0) } ?? .failure(error ?? closed)
    for waiter in waiters { waiter.resume(returning: result) }
  }
}
