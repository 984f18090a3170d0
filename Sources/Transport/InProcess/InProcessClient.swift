import Synchronization

/// Reaches an `InProcessServer`.
public final class InProcessClient: ClientTransport {
  public let configuration: ClientConfiguration
  private let server: InProcessServer
  private let state = Mutex(State())

  fileprivate typealias Waiter = UnsafeContinuation<Result<ClientSession, RPCError>, Never>

  fileprivate struct State {
    /// Connecting, or connected.
    var link: InProcessLink?
    var isConnecting = false
    /// Told apart, so that one of them can give up alone.
    var waiters: [Int: Waiter] = [:]
    var nextTicket = 0
    var isClosed = false
  }

  public init(server: InProcessServer, configuration: ClientConfiguration = .init()) {
    self.server = server
    self.configuration = configuration
  }

  public func readySession() -> ClientSession? {
    guard let session = state.withLock({ $0.link?.client }), session.isOpen else { return nil }
    return session
  }

  public func session(until deadline: MonotonicInstant) async throws(RPCError) -> ClientSession {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    let clock = configuration.clock
    let result = await withTaskGroup(of: Void.self) { group -> Result<ClientSession, RPCError> in
      if deadline < .distantFuture {
        group.addTask {
          try? await clock.sleep(deadline)
          if !Task.isCancelled { self.giveUp(ticket, Self.late) }
        }
      }
      let result = await self.wait(ticket, until: deadline)
      group.cancelAll()
      return result
    }
    return try result.get()
  }

  public func close() async {
    let link = state.withLock { state in
      state.isClosed = true
      return state.link.take()
    }
    link?.cut()
  }

  public func drain() {
    let link = state.withLock { state in
      state.isClosed = true
      return state.link
    }
    link?.client.drain()
  }

  private static let closed = RPCError(
    code: .unavailable, message: "the client was closed", unprocessed: true)
  private static let cancelled = RPCError(
    code: .cancelled, message: "cancelled", unprocessed: true)
  private static let late = RPCError(
    code: .deadlineExceeded, message: "the deadline passed while connecting", unprocessed: true)
}

// MARK: - Connecting

extension InProcessClient {
  private enum Joined {
    case done(Result<ClientSession, RPCError>)
    case wait(isFirst: Bool)
  }

  private func wait(
    _ ticket: Int, until deadline: MonotonicInstant
  ) async -> Result<ClientSession, RPCError> {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (waiter: Waiter) in
        join(waiter, ticket, until: deadline)
      }
    } onCancel: {
      giveUp(ticket, Self.cancelled)
    }
  }

  private func join(_ waiter: Waiter, _ ticket: Int, until deadline: MonotonicInstant) {
    let now = configuration.clock.now()
    let joined = state.withLock { state -> Joined in
      if Task.isCancelled { return .done(.failure(Self.cancelled)) }
      if state.isClosed { return .done(.failure(Self.closed)) }
      if let session = state.link?.client, session.isOpen { return .done(.success(session)) }
      // Whoever sleeps until then may have woken before this waiter was there.
      if now >= deadline { return .done(.failure(Self.late)) }
      let isFirst = !state.isConnecting
      state.isConnecting = true
      state.waiters[ticket] = waiter
      return .wait(isFirst: isFirst)
    }
    switch joined {
    case .done(let result): waiter.resume(returning: result)
    case .wait(let isFirst): if isFirst { connect() }
    }
  }

  private func giveUp(_ ticket: Int, _ error: RPCError) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: ticket) }
    waiter?.resume(returning: .failure(error))
  }

  private func connect() {
    do throws(RPCError) {
      let link = try server.connect(configuration) { [weak self] error in self?.opened(error) }
      let isClosed = state.withLock { state in
        state.link = link
        return state.isClosed
      }
      if isClosed { link.cut() } else { link.pump() }
    } catch {
      opened(error)
    }
  }

  /// The server has accepted the connection, after it has looked into what proves who calls, or
  /// there is none.
  private func opened(_ error: RPCError?) {
    var error = error
    error?.unprocessed = true
    let gone = RPCError(code: .unavailable, message: "the connection is gone", unprocessed: true)
    let (waiters, session) = state.withLock { state -> ([Waiter], ClientSession?) in
      state.isConnecting = false
      if error != nil { state.link = nil }
      defer { state.waiters = [:] }
      return (Array(state.waiters.values), state.link?.client)
    }
    let result: Result<ClientSession, RPCError> =
      session.map { .success($0) } ?? .failure(error ?? gone)
    for waiter in waiters { waiter.resume(returning: result) }
  }
}
