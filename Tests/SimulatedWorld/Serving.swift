import Journal
import Resilience
import Services
import Transport

/// One life of a node, from its start to its crash: what it answers with, and what it does beside.
final class Serving: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  var router = Router(authorize: Router.allowAll)
  let loops: [LoopExecutor]
  let clocks: NodeClocks
  /// Subscriptions, projections and deadlines, which run until the node dies.
  var works: [@Sendable () async throws -> Void] = []
  /// What stands before payment, where orders are taken.
  var payment: DependencyGuard?
  var provider: LedgerProvider?
  var dispatcher: Dispatcher?
  /// Commands that its pools have in flight.
  var inFlight: [(service: String, count: () -> Int)] = []
  private var nextLoop = 0

  init(_ loops: [LoopExecutor], _ clocks: NodeClocks) {
    (self.loops, self.clocks) = (loops, clocks)
  }

  /// The loops in turn.
  func executor() -> LoopExecutor {
    nextLoop = (nextLoop + 1) % loops.count
    return loops[nextLoop]
  }

  func run() async throws {
    let works = works
    try await withThrowingTaskGroup(of: Void.self) { group in
      for work in works { group.addTask { try await work() } }
      try await group.waitForAll()
    }
  }

  /// Answers one call in a task of its own; `answer` is called from it unless the node dies first.
  func serve(
    _ path: String, _ payload: [UInt8], by principal: Transport.Principal,
    within timeout: Duration, _ answer: @escaping @Sendable (Result<[UInt8], RPCError>) -> Void
  ) -> Task<Void, Never> {
    let route = router.routes[path]
    let context = CallContext(local: principal, timeout: timeout, clock: clocks.transport)
    return Task(executorPreference: executor()) {
      answer(await Self.result(route, payload, context))
    }
  }

  private static func result(
    _ route: Router.Route?, _ payload: [UInt8], _ context: CallContext
  ) async -> Result<[UInt8], RPCError> {
    guard case .unary(let handler)? = route else {
      return .failure(RPCError(code: .unimplemented, message: "no such method"))
    }
    do throws(RPCError) { return .success(try await handler(payload, context)) } catch {
      return .failure(error)
    }
  }
}
