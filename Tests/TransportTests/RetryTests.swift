import Messages
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// A clock that goes on when somebody waits, or is told to, and only then.
private final class Hours: Sendable {
  private let time = Mutex(MonotonicInstant(nanoseconds: 0))

  var clock: TransportClock {
    TransportClock(now: { self.now }, sleep: { until in self.pass(to: until) })
  }

  var now: MonotonicInstant { time.withLock { $0 } }

  func pass(to until: MonotonicInstant) {
    time.withLock { time in time = max(time, until) }
  }
}

/// A way to a server that refuses, and when it was asked.
private final class Refusing: ClientTransport {
  let configuration: ClientConfiguration
  private let error: RPCError
  private let onAsk: @Sendable () -> Void
  private let asked = Mutex<[MonotonicInstant]>([])

  init(_ error: RPCError, clock: TransportClock, onAsk: @escaping @Sendable () -> Void = {}) {
    var configuration = ClientConfiguration()
    configuration.clock = clock
    self.configuration = configuration
    self.error = error
    self.onAsk = onAsk
  }

  /// In seconds since the clock began.
  var times: [Double] { asked.withLock { $0.map { Double($0.nanoseconds) / 1e9 } } }

  func readySession() -> ClientSession? { nil }

  func session(until deadline: MonotonicInstant) async throws(RPCError) -> ClientSession {
    let now = configuration.clock.now()
    asked.withLock { $0.append(now) }
    onAsk()
    throw error
  }

  func close() async {}
  func drain() {}
}

/// Lets nobody in for ten seconds, and counts who came.
private final class ShutDoor: Sendable {
  private let count = Mutex(0)

  var refused: Int { count.withLock { $0 } }

  func refuse() -> RPCError? {
    count.withLock { $0 += 1 }
    return RPCError(code: .resourceExhausted, message: "not now", retryAfter: .seconds(10))
  }
}

/// What a client's names stand for.
private final class Addresses: Sendable {
  private let client = Mutex<BalancedClient?>(nil)

  func belong(to client: BalancedClient) { self.client.withLock { $0 = client } }

  func become(_ addresses: [ReplicaAddress]) { client.withLock { $0 }?.replace(addresses) }
}

@Suite("Asking again", .timeLimit(.minutes(1)))
struct RetryTests {
  static let refusal = RPCError(code: .unavailable, message: "not now", unprocessed: true)

  static var later: RPCError {
    var error = refusal
    error.retryAfter = .seconds(2)
    return error
  }

  private func ask(_ transport: any ClientTransport, _ options: CallOptions) async -> RPCError {
    await failure(.unavailable) { () async throws(RPCError) in
      try await RPCClient(transport).unary("test.Service/Echo", [], options: options)
    }
  }

  @Test("a call is tried a few times, but not where the server says when to come again")
  func attempts() async {
    let hours = Hours()
    let server = Refusing(Self.refusal, clock: hours.clock)
    _ = await ask(server, CallOptions())
    #expect(server.times.count == server.configuration.limits.attemptsMax)
    let busy = Refusing(Self.later, clock: hours.clock)
    let error = await ask(busy, CallOptions())
    #expect(error.retryAfter == .seconds(2))
    #expect(busy.times.count == 1)
  }

  @Test("whoever waits for a server comes again when it says, until the deadline")
  func waiting() async {
    let busy = Refusing(Self.later, clock: Hours().clock)
    let options = CallOptions(timeout: .seconds(5), waitsForServer: true)
    _ = await ask(busy, options)
    #expect(busy.times == [0, 2, 4])
  }

  @Test("a connection is not tried again before the server says")
  func connections() async throws {
    let hours = Hours()
    let door = ShutDoor()
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.admit = { _ in door.refuse() }
    let server = TCPServer(
      host: "127.0.0.1", port: 0, router: testRouter(Probe()), configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    let port = try await server.start().port ?? 0
    var clientConfiguration = ClientConfiguration()
    clientConfiguration.clock = hours.clock
    let client = TCPClient(
      host: "127.0.0.1", port: port, configuration: clientConfiguration,
      group: MultiThreadedEventLoopGroup.singleton)
    for (second, count) in [(0, 1), (1, 1), (9, 1), (10, 2)] {
      hours.pass(to: MonotonicInstant(nanoseconds: Int64(second) * 1_000_000_000))
      let error = await failure(.resourceExhausted) { () async throws(RPCError) in
        try await RPCClient(client).unary(TestMethods.echo, Text())
      }
      #expect(error.retryAfter == .seconds(10))
      #expect(door.refused == count, "after \(second) s")
    }
    await client.close()
    await server.drain(within: .zero)
  }

  @Test("where the replicas that were not asked have gone, the others are asked again")
  func replicasGone() async {
    let hours = Hours()
    let first = ReplicaAddress(host: "127.0.0.1", port: 1)
    let second = ReplicaAddress(host: "127.0.0.1", port: 2)
    let addresses = Addresses()
    let server = Refusing(Self.refusal, clock: hours.clock) { addresses.become([first]) }
    var configuration = ClientConfiguration()
    configuration.clock = hours.clock
    let client = BalancedClient(
      service: "test.Service", endpoints: [first, second], configuration: configuration,
      chance: { 0 }, connect: { _ in server })
    addresses.belong(to: client)
    let error = await ask(client, CallOptions())
    #expect(error.message == "not now")
    #expect(server.times.count > 1)
  }
}
