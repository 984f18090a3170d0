import NIOCore
import Synchronization

/// Two sessions back to back: what one has to send, the other receives, in
/// whichever task caused it.
final class InProcessLink: Sendable {
  /// What the server's side has to do in a task.
  enum Work: Sendable {
    case call(ServerSession.Start)
    case claim(ServerSession.Claim)
  }

  let client: ClientSession
  let server: ServerSession
  private let bell: Bell
  private let pumping = Mutex(Pumping())
  private let onWork: @Sendable (ServerSession, Work) -> Void
  private let onEnd: @Sendable (InProcessLink) -> Void

  fileprivate struct Pumping {
    var isRunning = false
    var isAgain = false
    var isEnded = false
  }

  /// Rings whoever pumps. Cleared at the end, which takes the cycle apart.
  private final class Bell: Sendable {
    let ring = Mutex<(@Sendable () -> Void)?>(nil)
    func callAsFunction() { ring.withLock { $0 }?() }
  }

  /// - Parameter onOpen: told once what the server said to the hello.
  init(
    router: Router, serverConfiguration: ServerConfiguration, budgets: ServerBudgets,
    clientConfiguration: ClientConfiguration,
    onOpen: @escaping @Sendable (RPCError?) -> Void,
    onWork: @escaping @Sendable (ServerSession, Work) -> Void,
    onEnd: @escaping @Sendable (InProcessLink) -> Void
  ) {
    let bell = Bell()
    self.bell = bell
    self.onWork = onWork
    self.onEnd = onEnd
    server = ServerSession(
      router: router, configuration: serverConfiguration, budgets: budgets, address: "in-process",
      wake: { bell() })
    client = ClientSession(
      configuration: clientConfiguration, onOpen: onOpen, wake: { bell() })
    bell.ring.withLock { ring in ring = { [weak self] in self?.pump() } }
  }

  /// Moves bytes both ways until there are none. One pump at a time, so that bytes stay in order;
  /// whoever comes meanwhile leaves its bytes to the pump that runs.
  func pump() {
    let isMine = pumping.withLock { pumping in
      pumping.isAgain = true
      if pumping.isRunning || pumping.isEnded { return false }
      pumping.isRunning = true
      return true
    }
    guard isMine else { return }
    var isEnded = false
    while !isEnded, pumping.withLock({ $0.takeTurn() }) { isEnded = moveBytes() }
    if isEnded { end() }
  }

  /// Breaks the connection at once.
  func cut() {
    let isFirst = pumping.withLock { pumping in
      defer { pumping.isEnded = true }
      return !pumping.isEnded
    }
    if isFirst { end() }
  }

  /// True once either side hangs up.
  private func moveBytes() -> Bool {
    var buffer = ByteBuffer()
    var isMoved = true
    while isMoved {
      isMoved = false
      if client.takeOutbound(into: &buffer) {
        isMoved = true
        server.receive(buffer)
        startCalls()
        buffer = ByteBuffer()
      }
      if server.takeResumed() { startCalls() }
      if server.takeOutbound(into: &buffer) {
        isMoved = true
        client.receive(buffer, at: client.clock.now())
        buffer = ByteBuffer()
      }
    }
    return server.takeEnd() || client.takeEnd()
  }

  private func startCalls() {
    let now = server.clock.now()
    while let start = server.next(at: now) { onWork(server, .call(start)) }
    if let claim = server.takeClaim() { onWork(server, .claim(claim)) }
  }

  private func end() {
    pumping.withLock { $0.isEnded = true }
    bell.ring.withLock { $0 = nil }
    server.disconnected()
    client.disconnected(RPCError(code: .unavailable, message: "the connection was closed"))
    onEnd(self)
  }
}

extension InProcessLink.Pumping {
  /// Whether to pump (once more).
  fileprivate mutating func takeTurn() -> Bool {
    defer { isAgain = false }
    if !isAgain || isEnded { isRunning = false }
    return isAgain && !isEnded
  }
}
