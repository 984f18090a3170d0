import Messages
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

typealias Text = HealthCheckRequest

/// Methods that exist for these tests only; the messages are borrowed.
enum TestMethods {
  static let echo = UnaryMethod<Text, Text>(path: "test.Service/Echo")
  static let fail = UnaryMethod<Text, Text>(path: "test.Service/Fail")
  static let wait = UnaryMethod<Text, Text>(path: "test.Service/Wait")
  /// Answers with as many characters as it is asked for.
  static let large = UnaryMethod<Text, Text>(path: "test.Service/Large")
  static let missing = UnaryMethod<Text, Text>(path: "test.Service/Missing")
  static let count = ServerStreamMethod<Text, Text>(path: "test.Service/Count")
  static let tail = ServerStreamMethod<Text, Text>(path: "test.Service/Tail")
}

/// A door that stays shut until opened. Waiting ends with the task's cancellation too.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var next = 0
    var arrived = 0
    var counters: [(Int, CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when open; throws if cancelled before.
  func wait() async throws(CancellationError) {
    let id = arrive()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
    if Task.isCancelled { throw CancellationError() }
  }

  private func arrive() -> Int {
    let (id, due) = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
      state.next += 1
      state.arrived += 1
      let due = state.counters.filter { $0.0 <= state.arrived }.map(\.1)
      state.counters.removeAll { $0.0 <= state.arrived }
      return (state.next, due)
    }
    for counter in due { counter.resume() }
    return id
  }

  /// How many have come to wait, in total.
  var arrived: Int { state.withLock { $0.arrived } }

  /// Returns once that many have come to wait, in total.
  func arrivals(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.arrived >= count { return true }
        state.counters.append((count, continuation))
        return false
      }
      if isDone { continuation.resume() }
    }
  }
}

/// What the handlers of a test saw, and what they wait for.
final class Probe: Sendable {
  let gate = Gate()
  let cancelled = Gate()
  let contexts = Mutex<[CallContext]>([])
  let sent = Mutex(0)
  /// Handlers at the gate, now and at most.
  let waiting = Mutex((now: 0, most: 0))

  func enter() {
    waiting.withLock { waiting in
      waiting.now += 1
      waiting.most = max(waiting.most, waiting.now)
    }
  }

  func leave() { waiting.withLock { $0.now -= 1 } }
}

func testRouter(_ probe: Probe, authorize: @escaping Router.Authorize = Router.allowAll) -> Router {
  var router = Router(authorize: authorize)
  router.unary(TestMethods.echo) { (request, context) throws(RPCError) in
    probe.contexts.withLock { $0.append(context) }
    return request
  }
  router.unary(TestMethods.fail) { (request, _) throws(RPCError) in
    throw RPCError(
      code: .failedPrecondition, message: "the price changed: 값이 바뀌었습니다",
      details: [ErrorDetail(typeURL: "test.Detail", bytes: [1, 0, 2])],
      retryAfter: .milliseconds(1500))
  }
  router.unary(TestMethods.wait) { (request, _) throws(RPCError) in
    probe.enter()
    defer { probe.leave() }
    do throws(CancellationError) {
      try await probe.gate.wait()
    } catch {
      probe.cancelled.open()
      throw RPCError(code: .cancelled, message: "stopped")
    }
    return request
  }
  router.unary(TestMethods.large) { (request, _) throws(RPCError) in
    Text(service: String(repeating: "x", count: Int(request.service) ?? 0))
  }
  router.serverStream(TestMethods.count) { (request, _, writer) throws(RPCError) in
    for number in 0..<(Int(request.service) ?? 0) {
      try await writer.write(Text(service: "\(number)"))
      probe.sent.withLock { $0 += 1 }
    }
  }
  router.serverStream(TestMethods.tail) { (request, _, writer) throws(RPCError) in
    do throws(RPCError) {
      try await writer.write(Text(service: "first"))
      do throws(CancellationError) { try await probe.gate.wait() } catch {
        throw RPCError(code: .cancelled, message: "stopped")
      }
    } catch {
      probe.cancelled.open()
      throw error
    }
  }
  return router
}

/// What carries the calls of a contract test.
enum Carrier: String, CaseIterable, CustomTestStringConvertible {
  case tcp = "TCP"
  case tls = "TLS"
  case inProcess = "in process"
  var testDescription: String { rawValue }
}

/// A running server and ways to reach it.
struct Served: Sendable {
  let carrier: Carrier
  let probe: Probe
  let server: any ServerTransport
  let makeTransport: @Sendable (ClientConfiguration) -> any ClientTransport

  func client(
    _ configure: (inout ClientConfiguration) -> Void = { _ in }
  ) -> RPCClient {
    var configuration = ClientConfiguration()
    configuration.node = "tester"
    configure(&configuration)
    return RPCClient(makeTransport(configuration))
  }

  /// Ends every connection once nothing is in flight.
  func drain(within: Duration = .seconds(5)) { server.startDraining(within: within) }
}

/// Starts a server on that carrier, runs the body, and takes everything down.
func withServer(
  _ carrier: Carrier, limits: ServerLimits = ServerLimits(),
  authorize: @escaping Router.Authorize = Router.allowAll,
  authenticate: @escaping ServerConfiguration.Authenticate = ServerConfiguration.trusting,
  verify: ServerConfiguration.Verify? = nil,
  _ body: (Served) async throws -> Void
) async throws {
  let probe = Probe()
  var configuration = ServerConfiguration(authenticate: authenticate)
  configuration.limits = limits
  configuration.verify = verify
  configuration.node = "server-1"
  let router = testRouter(probe, authorize: authorize)
  let group = MultiThreadedEventLoopGroup.singleton
  let served: Served
  switch carrier {
  case .tcp, .tls:
    configuration.tls = carrier == .tls ? try TestCertificates.shared.get().server() : nil
    let clientTLS = carrier == .tls ? try TestCertificates.shared.get().client() : nil
    let server = TCPServer(
      host: "127.0.0.1", port: 0, router: router, configuration: configuration, group: group)
    let port = try await server.start().port ?? 0
    served = Served(carrier: carrier, probe: probe, server: server) { configuration in
      var configuration = configuration
      configuration.tls = clientTLS
      return TCPClient(host: "127.0.0.1", port: port, configuration: configuration, group: group)
    }
  case .inProcess:
    let server = InProcessServer(router: router, configuration: configuration)
    served = Served(carrier: carrier, probe: probe, server: server) {
      InProcessClient(server: server, configuration: $0)
    }
  }
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await served.server.run() }
    do {
      try await body(served)
    } catch {
      served.server.startDraining(within: .zero)
      probe.gate.open()
      throw error
    }
    served.server.startDraining(within: .milliseconds(100))
    probe.gate.open()
    try await tasks.waitForAll()
  }
}

/// The error a call must end with.
func failure<T>(
  _ expected: StatusCode, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws(RPCError) -> T
) async -> RPCError {
  do throws(RPCError) {
    let value = try await body()
    Issue.record("succeeded with \(value)", sourceLocation: sourceLocation)
    return RPCError(code: .unknown, message: "succeeded")
  } catch {
    #expect(error.code == expected, "\(error)", sourceLocation: sourceLocation)
    return error
  }
}

/// A small generator whose numbers depend on its seed only.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

func bytes(of frames: [Frame.Kind]) -> [UInt8] {
  var buffer = ByteBuffer()
  for frame in frames { _ = FrameCodec.append(frame, to: &buffer) }
  return Array(buffer.readableBytesView)
}
