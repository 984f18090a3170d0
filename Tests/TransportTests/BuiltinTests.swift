import Messages
import Testing

@testable import Transport

@Suite("Health and describe", .timeLimit(.minutes(1)))
struct BuiltinTests {
  private func withClient(
    _ fill: (inout Router) -> Void, _ body: (RPCClient) async throws -> Void
  ) async throws {
    var router = Router(authorize: Router.allowAll)
    fill(&router)
    let server = InProcessServer(
      router: router,
      configuration: ServerConfiguration(authenticate: ServerConfiguration.anonymous))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await server.run() }
      defer { server.startDraining(within: .zero) }
      try await body(RPCClient(InProcessClient(server: server)))
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
