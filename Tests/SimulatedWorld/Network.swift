import Messages
import Services
import Transport

/// What carries calls between the nodes of a world and its people: late, twice, in another order, or
/// not at all.
final class Network: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  private let world: World
  private let chance: Chance
  /// Whose calls do not reach whom. An answer comes on the way of its call, so that of two places
  /// one can be out of reach for the other alone.
  private var cuts: Set<Cut> = []
  /// Calls under way, by the node that serves them.
  private var underWay: [Int: [Reply]] = [:]

  struct Cut: Hashable {
    let caller: Int
    let node: Int
  }

  init(_ world: World) {
    self.world = world
    chance = Chance(seed: world.seed, "network")
  }

  func cut(_ ways: [Cut]) { cuts.formUnion(ways) }
  func join(_ ways: [Cut]) { cuts.subtract(ways) }
  func joinAll() { cuts = [] }

  /// How long a message takes this time.
  func delay() -> Duration {
    let delay = chance.duration(world.faults.delay)
    return chance.perMille(world.faults.latePerMille)
      ? delay + .seconds(chance.number(1...8)) : delay
  }

  /// Whether a message is lost.
  func loses() -> Bool { chance.perMille(world.faults.lostPerMille) }

  /// One call from a place to `node`, or to the one that runs the method's service.
  func call<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, from place: Int,
    to node: SimulatedNode? = nil, as principal: Principal, within timeout: Duration
  ) async throws(RPCError) -> Response {
    let call = Call(
      path: method.path, payload: try Router.encode(request), from: place,
      to: node ?? world.node(answering: method.path), principal: principal,
      deadline: world.scheduler.now + timeout.nanoseconds)
    let payload = try await send(call).get()
    do {
      return try payload.withUnsafeBytes { (bytes) throws(CodecError) in
        try Response(serialized: bytes)
      }
    } catch { throw RPCError(code: .internal, message: "the answer cannot be read", cause: error) }
  }

  /// Those who wait for answers from this node hear that it is gone.
  func lost(_ node: Int) {
    for reply in underWay.removeValue(forKey: node) ?? [] where !reply.isOver {
      world.scheduler.after(delay()) { reply.end(.failure(Self.unavailable("connection reset"))) }
    }
  }
}

extension Network {
  private struct Call {
    let path: String
    let payload: [UInt8]
    let from: Int
    let to: SimulatedNode?
    let principal: Principal
    let deadline: Int64
  }

  private static func unavailable(_ text: String, unprocessed: Bool = false) -> RPCError {
    RPCError(code: .unavailable, message: text, unprocessed: unprocessed)
  }

  private func send(_ call: Call) async -> Result<[UInt8], RPCError> {
    guard !world.isEnding else { return .failure(Self.unavailable("the end")) }
    let reply = Reply()
    return await withTaskCancellationHandler {
      await withUnsafeContinuation {
        (waiter: UnsafeContinuation<Result<[UInt8], RPCError>, Never>) in
        reply.waiter = waiter
        if Task.isCancelled { return reply.cancel() }
        transmit(call, reply)
      }
    } onCancel: {
      reply.cancel()
    }
  }

  private func transmit(_ call: Call, _ reply: Reply) {
    let scheduler = world.scheduler
    scheduler.at(call.deadline) {
      reply.end(.failure(RPCError(code: .deadlineExceeded, message: "no answer in time")))
    }
    if chance.perMille(world.faults.hangUpPerMille) {
      scheduler.after(.milliseconds(chance.number(1...3000))) { reply.cancel() }
    }
    guard let node = call.to else {
      return scheduler.after(delay()) {
        reply.end(.failure(Self.unavailable("nobody answers", unprocessed: true)))
      }
    }
    if cuts.contains(Cut(caller: call.from, node: node.number)) || loses() {
      // Nobody can tell how far it got; some find out sooner than others.
      world.note("\(call.path.shortPath) is lost")
      return scheduler.after(.milliseconds(chance.number(20...20_000))) {
        reply.end(.failure(Self.unavailable("no connection")))
      }
    }
    let copies = chance.perMille(world.faults.duplicatePerMille) ? 2 : 1
    if copies == 2 { world.note("\(call.path.shortPath) arrives twice") }
    for _ in 0..<copies { scheduler.after(delay()) { [self] in arrive(call, reply, at: node) } }
  }

  private func arrive(_ call: Call, _ reply: Reply, at node: SimulatedNode) {
    guard let serving = node.serving else {
      return world.scheduler.after(delay()) {
        reply.end(.failure(Self.unavailable("connection refused", unprocessed: true)))
      }
    }
    underWay[node.number, default: []].removeAll(where: \.isOver)
    underWay[node.number, default: []].append(reply)
    let timeout = Duration.nanoseconds(max(1, call.deadline - world.scheduler.now))
    let task = serving.serve(call.path, call.payload, by: call.principal, within: timeout) {
      [self] result in
      if cuts.contains(Cut(caller: call.from, node: node.number)) || loses() {
        world.note("the answer to \(call.path.shortPath) is lost")
        world.scheduler.after(.milliseconds(chance.number(20...20_000))) {
          reply.end(.failure(Self.unavailable("connection lost")))
        }
      } else {
        world.scheduler.after(delay()) { reply.end(result) }
      }
    }
    // A server stops a handler whose caller has hung up or run out of time.
    if reply.isOver { task.cancel() } else { reply.handlers.append(task) }
  }
}

/// Where a caller waits; the first answer counts.
private final class Reply: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  var waiter: UnsafeContinuation<Result<[UInt8], RPCError>, Never>?
  var handlers: [Task<Void, Never>] = []
  private(set) var isOver = false

  func end(_ result: Result<[UInt8], RPCError>) {
    guard !isOver else { return }
    isOver = true
    for handler in handlers { handler.cancel() }
    handlers = []
    waiter?.resume(returning: result)
    waiter = nil
  }

  func cancel() { end(.failure(RPCError(code: .cancelled, message: "cancelled"))) }
}

extension String {
  /// `PlaceOrder` of `baedal.order.v1.OrderService/PlaceOrder`.
  var shortPath: String { String(drop { $0 != "/" }.dropFirst()) }
  /// `OrderPlaced` of `baedal.order.v1.OrderPlaced`.
  var shortType: String { split(separator: ".").last.map(String.init) ?? self }
}
