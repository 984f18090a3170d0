import NIOCore
import Synchronization

/// Serves a router to callers in the same process, through the same state
/// machines and the same bytes as TCP, without sockets and without threads:
/// handlers run in child tasks of `run`, on whatever executor that runs on.
public final class InProcessServer: ServerTransport {
  private let router: Router
  private let configuration: ServerConfiguration
  private let budgets: ServerBudgets
  private let jobs: AsyncStream<Job>
  private let feed: AsyncStream<Job>.Continuation
  private let state = Mutex(State())

  /// What `run` has a child task for.
  private enum Job: Sendable {
    case serve(InProcessLink.Work, on: ServerSession)
    /// Break what is left of the connections then.
    case cut(at: MonotonicInstant)
  }

  fileprivate struct State {
    var links: [ObjectIdentifier: InProcessLink] = [:]
    var isDraining = false
  }

  public init(router: Router, configuration: ServerConfiguration) {
    self.router = router
    self.configuration = configuration
    budgets = ServerBudgets(configuration.limits)
    // Bounded by the calls in flight that the connections allow.
    (jobs, feed) = AsyncStream.makeStream()
  }

  public func run() async throws(RPCError) {
    let clock = configuration.clock
    await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        for await job in jobs {
          switch job {
          case .serve(.claim(let claim), let session):
            group.addTask { await session.verify(claim) }
          case .serve(.call(let start), let session):
            group.addTask { await Self.serve(start, on: session, clock: clock) }
          case .cut(let time):
            group.addTask {
              try? await clock.sleep(time)
              if !Task.isCancelled { self.cut() }
            }
          }
        }
        // Drained before its time: nothing is left to cut, and handlers that were stopped
        // are waited for.
        group.cancelAll()
      }
    } onCancel: {
      startDraining(within: .zero)
      cut()
    }
  }

  public func startDraining(within duration: Duration) {
    let links = state.withLock { state in
      state.isDraining = true
      return Array(state.links.values)
    }
    feed.yield(.cut(at: configuration.clock.now().advanced(by: duration)))
    for link in links { link.server.drain() }
    if links.isEmpty { feed.finish() }
  }

  /// Breaks every connection, as a cable pulled would.
  public func cut() {
    for link in state.withLock({ Array($0.links.values) }) { link.cut() }
  }

  /// Open connections now.
  public var connectionCount: Int { state.withLock { $0.links.count } }

  /// One call: its handler, what can stop it, and its deadline.
  private static func serve(
    _ start: ServerSession.Start, on session: ServerSession, clock: TransportClock
  ) async {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        await session.run(start.call, payload: start.payload)
        return true
      }
      group.addTask {
        await session.waitForStop(of: start.call)
        return true
      }
      if start.call.deadline < .distantFuture {
        group.addTask {
          try? await clock.sleep(start.call.deadline)
          if !Task.isCancelled { _ = session.tick(at: clock.now()) }
          return false
        }
      }
      for await isOver in group where isOver { group.cancelAll() }
    }
  }

  /// A connection on which nothing has moved yet: its `pump` begins.
  func connect(
    _ configuration: ClientConfiguration, onOpen: @escaping @Sendable (RPCError?) -> Void
  ) throws(RPCError) -> InProcessLink {
    let link = InProcessLink(
      router: router, serverConfiguration: self.configuration, budgets: budgets,
      clientConfiguration: configuration, onOpen: onOpen,
      onWork: { [feed] session, work in feed.yield(.serve(work, on: session)) },
      onEnd: { [weak self] link in self?.ended(link) })
    let isTaken = state.withLock { state in
      guard !state.isDraining, state.links.count < self.configuration.limits.connectionsMax
      else { return false }
      state.links[ObjectIdentifier(link)] = link
      return true
    }
    guard isTaken else {
      throw RPCError(
        code: .unavailable, message: "the server takes no connections", unprocessed: true)
    }
    return link
  }

  private func ended(_ link: InProcessLink) {
    let isOver = state.withLock { state in
      state.links[ObjectIdentifier(link)] = nil
      return state.isDraining && state.links.isEmpty
    }
    if isOver { feed.finish() }
  }
}
