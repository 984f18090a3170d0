import Messages
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// One real server of several: what came to it, and how it behaves.
final class FleetServer: Sendable {
  enum Mood: Sendable {
    case well
    /// Calls wait until the gate opens.
    case slow
    /// Refuses every call before it begins anything.
    case refusing
  }

  let name: String
  let gate = Gate()
  let health: HealthRegistry
  let mood = Mutex(Mood.well)
  /// Calls that were refused in that mood.
  let refused = Mutex(0)
  /// Calls that were refused for want of room.
  let crowded = Mutex(0)
  /// How often each request was begun here.
  let begun = Mutex<[String: Int]>([:])
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let server: Mutex<TCPServer?> = Mutex(nil)
  private let isDown = Mutex(false)

  init(name: String, health: HealthRegistry = HealthRegistry()) {
    self.name = name
    self.health = health
  }

  func start(host: String = "127.0.0.1", port: Int = 0) async throws -> ReplicaAddress {
    var router = Router(authorize: Router.allowAll)
    router.unary(TestMethods.echo) { (request, _) throws(RPCError) in
      try await self.answer(request)
    }
    health.set("test.Service", .serving)
    health.register(on: &router)
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.node = name
    configuration.onFailure = { [weak self] _, error in
      guard let self, error.code == .resourceExhausted else { return }
      crowded.withLock { $0 += 1 }
    }
    let server = TCPServer(
      host: host, port: port, router: router, configuration: configuration, group: group)
    let address = try await server.start()
    self.server.withLock { $0 = server }
    return ReplicaAddress(host: host, port: address.port ?? 0)
  }

  private func answer(_ request: Text) async throws(RPCError) -> Text {
    let mood = mood.withLock { $0 }
    if mood == .refusing {
      refused.withLock { $0 += 1 }
      throw RPCError(code: .unavailable, message: "not now", unprocessed: true)
    }
    begun.withLock { $0[request.service, default: 0] += 1 }
    if mood == .slow {
      do throws(CancellationError) { try await gate.wait() } catch {
        throw RPCError(code: .cancelled, message: "stopped")
      }
    }
    return Text(service: name)
  }

  /// As an orchestrator takes one away: not ready, go-away, finish.
  func drain() async {
    health.setAllNotServing()
    await server.withLock { $0 }?.drain(within: .seconds(5))
  }

  /// Every socket is closed at once and without a word.
  func kill() async throws {
    let isFirst = isDown.withLock { isDown in
      defer { isDown = true }
      return !isDown
    }
    gate.open()
    if isFirst { try await group.shutdownGracefully() }
  }
}

/// Several servers and a client that chooses among them.
struct Fleet: Sendable {
  let servers: [FleetServer]
  let client: BalancedClient

  /// One call; gives the name of the server that answered.
  func call(_ id: String, timeout: Duration = .seconds(10)) async throws(RPCError) -> String {
    try await RPCClient(client).unary(
      TestMethods.echo, Text(service: id), options: CallOptions(timeout: timeout)
    ).service
  }

  /// How often each request was begun, over all servers.
  var begun: [String: Int] {
    servers.reduce(into: [:]) { sum, server in
      sum.merge(server.begun.withLock { $0 }, uniquingKeysWith: +)
    }
  }

  /// Returns once the client knows that of that many replicas; there is no event to wait for.
  func untilReady(
    _ count: Int, of total: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let until = MonotonicInstant.now().advanced(by: .seconds(20))
    while MonotonicInstant.now() < until {
      let (ready, all) = client.state.withLock { state in
        (state.table.replicas.count { $0.readiness == .ready }, state.table.replicas.count)
      }
      if ready == count, all == total { return }
      try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("not \(count) ready replicas of \(total)", sourceLocation: sourceLocation)
  }

  /// Eight callers, each with so many calls one after the other. `halfway` runs meanwhile.
  func load(
    _ calls: Int, halfway: @escaping @Sendable () async throws -> Void
  ) async throws -> [(id: String, result: Result<String, RPCError>)] {
    try await withThrowingTaskGroup(of: [(String, Result<String, RPCError>)].self) { group in
      let done = Gate()
      for caller in 0..<8 {
        group.addTask {
          var results: [(String, Result<String, RPCError>)] = []
          for number in 0..<calls {
            let id = "\(caller)-\(number)"
            do throws(RPCError) {
              results.append((id, .success(try await self.call(id))))
            } catch { results.append((id, .failure(error))) }
            if number == calls / 2 { done.open() }
          }
          return results
        }
      }
      try await done.wait()
      try await halfway()
      return try await group.reduce(into: []) { $0 += $1.map { (id: $0.0, result: $0.1) } }
    }
  }
}

/// Starts the servers, watches them, runs the body and takes everything down.
/// - Parameter keyed: the request's text is the call's key.
func withFleet(
  _ count: Int = 3, keyed: Bool, policy: BalancePolicy = BalancePolicy(),
  _ body: (Fleet) async throws -> Void
) async throws {
  let servers = (0..<count).map { FleetServer(name: "server-\($0)") }
  var addresses: [ReplicaAddress] = []
  for server in servers { addresses.append(try await server.start()) }
  try await withFleet(servers, at: addresses, keyed: keyed, policy: policy, body)
}

func withFleet(
  _ servers: [FleetServer], at endpoints: [ReplicaAddress], keyed: Bool,
  policy: BalancePolicy = BalancePolicy(), resolver: AddressResolver = .system,
  _ body: (Fleet) async throws -> Void
) async throws {
  let configuration = ClientConfiguration()
  let client = BalancedClient(
    service: "test.Service", endpoints: endpoints,
    keys: CallKeys(keyed ? [TestMethods.echo.path: [1]] : [:]), policy: policy,
    configuration: configuration, resolver: resolver
  ) {
    TCPClient(
      host: $0.host, port: $0.port, configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
  }
  let fleet = Fleet(servers: servers, client: client)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try? await client.run() }
    let outcome: Result<Void, any Error>
    do {
      try await body(fleet)
      outcome = .success(())
    } catch { outcome = .failure(error) }
    group.cancelAll()
    await client.close()
    for server in servers { try await server.kill() }
    try outcome.get()
  }
}
