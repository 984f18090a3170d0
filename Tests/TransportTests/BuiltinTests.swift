import Messages
import Testing

@testable import Transport

@Suite("Health and describe", .timeLimit(.minutes(1)))
struct BuiltinTests {
  private func withClient(
    _ fill: (inout Router) -> Void, _ body: (RPCClient) async throws -> Void
  ) async throws {
    try await withServer(fill) { (server) async throws in
      try await body(RPCClient(InProcessClient(server: server)))
    }
  }

  private func withServer(
    _ fill: (inout Router) -> Void, _ body: (InProcessServer) async throws -> Void
  ) async throws {
    var router = Router(authorize: Router.allowAll)
    fill(&router)
    let server = InProcessServer(
      router: router,
      configuration: ServerConfiguration(authenticate: ServerConfiguration.anonymous))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await server.run() }
      defer { server.startDraining(within: .zero) }
      try await body(server)
    }
  }

  @Test("check tells the status of a service, NOT_FOUND of an unknown one")
  func check() async throws {
    let health = HealthRegistry()
    health.set("", .serving)
    health.set("a.B", .notServing)
    try await withClient({ health.register(on: &$0) }) { (client) async throws in
      for (service, status) in [("", ServingStatus.serving), ("a.B", .notServing)] {
        let answer = try await client.unary(
          HealthServiceMethods.check, HealthCheckRequest(service: service))
        #expect(answer.status == status)
      }
      _ = await failure(.notFound) { () throws(RPCError) in
        try await client.unary(HealthServiceMethods.check, HealthCheckRequest(service: "x"))
      }
    }
  }

  @Test("watch tells the status now and every change, also of a service not yet known")
  func watch() async throws {
    let health = HealthRegistry()
    try await withClient({ health.register(on: &$0) }) { (client) async throws in
      let stream = try await client.serverStream(
        HealthServiceMethods.watch, HealthCheckRequest(service: "a.B"))
      var iterator = stream.makeAsyncIterator()
      #expect(try await iterator.next()?.status == .serviceUnknown)
      health.set("a.B", .serving)
      #expect(try await iterator.next()?.status == .serving)
      health.set("other", .serving)
      health.setAllNotServing()
      #expect(try await iterator.next()?.status == .notServing)
    }
  }

  @Test("only so many watch, on one connection and over all; who leaves makes room")
  func watchers() async throws {
    let health = HealthRegistry(watchersMax: 3, watchersPerConnectionMax: 2)
    try await withServer({ health.register(on: &$0) }) { (server) async throws in
      let one = RPCClient(InProcessClient(server: server))
      let other = RPCClient(InProcessClient(server: server))
      var held = try await [watching(one), watching(one)]
      let refused = await failure(.resourceExhausted) { () throws(RPCError) in
        try await watching(one)
      }
      #expect(refused.unprocessed && refused.retryAfter != nil)
      held.append(try await watching(other))
      _ = await failure(.resourceExhausted) { () throws(RPCError) in try await watching(other) }
      held.removeFirst()
      while health.watcherCount > 2 { await Task.yield() }
      held.append(try await watching(one))
      #expect(held.count == 3 && health.watcherCount == 3)
      held = []
      while health.watcherCount > 0 { await Task.yield() }
    }
  }

  @Test("a watch that is large in bytes is refused: anyone may begin one, and it lasts")
  func largeWatch() async throws {
    let health = HealthRegistry()
    try await withClient({ health.register(on: &$0) }) { (client) async throws in
      let name = String(repeating: "x", count: HealthRegistry.watchBytesMax)
      _ = await failure(.invalidArgument) { () throws(RPCError) in
        try await watching(client, name)
      }
      #expect(health.watcherCount == 0)
    }
  }

  /// A watch that has told its first status.
  private func watching(
    _ client: RPCClient, _ service: String = "a.B"
  ) async throws(RPCError) -> MessageStream<HealthCheckResponse> {
    let stream = try await client.serverStream(
      HealthServiceMethods.watch, HealthCheckRequest(service: service))
    var iterator = stream.makeAsyncIterator()
    let first = try await iterator.next()
    #expect(first?.status == .serviceUnknown)
    return stream
  }

  @Test("describe names every method, and hands out the descriptors")
  func describe() async throws {
    let fill: (inout Router) -> Void = { router in
      HealthRegistry().register(on: &router)
      router.describe(descriptorSet: [1, 2, 3])
    }
    try await withClient(fill) { (client) async throws in
      let answer = try await client.unary(DescribeServiceMethods.describe, DescribeRequest())
      #expect(answer.fileDescriptorSet == [1, 2, 3])
      #expect(
        answer.methods == [
          DescribeServiceMethods.describe.path, HealthServiceMethods.check.path,
          HealthServiceMethods.watch.path,
        ])
      #expect(
        answer.services == [
          DescribeServiceMethods.serviceName, HealthServiceMethods.serviceName,
        ])
    }
  }
}
