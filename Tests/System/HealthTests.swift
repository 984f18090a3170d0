import Glibc
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Health, as an orchestrator and as callers see it")
  struct HealthTests {
    private static let http = "http: {address: 127.0.0.1:0}"

    @Test("a node that runs is alive, started and ready, and so are its services")
    func well() async throws {
      let site = try Site()
      let node = try await site.start(Self.http)
      defer { node.kill() }
      try await until("ready node") { try await node.probe("/readyz").status == 200 }
      for path in ["/livez", "/startupz", "/readyz"] {
        #expect(try await node.probe(path) == ProbeAnswer(status: 200, body: "ok"), "\(path)")
      }
      for check in ["started", "room on disk", "journal of order", "event loop 1", "pool payment"] {
        try await until("check of \(check)") {
          try await node.probe("/readyz?verbose").body.contains("[+]\(check) ok\n")
        }
      }
      let person = Person("customer", "c-1", of: node.port)
      for service in ["", "baedal.order.v1.OrderService", "baedal.health.v1.HealthService"] {
        #expect(try await Self.status(service, person) == .serving, "\(service)")
      }
      await expect(code: .notFound) { _ = try await Self.status("baedal.none.v1.None", person) }
      await person.close()
      #expect(try await node.stop() == .exit(0))
    }

    @Test("while it drains a node is alive and not ready, and whoever watches is told")
    func draining() async throws {
      let site = try Site()
      let node = try await site.start(
        "\(Self.http)\npayment: {simulator: {latency_ms: 2000}}")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      try await until("ready node") { try await node.probe("/readyz").status == 200 }
      let watch = try await town.boss.stream(
        HealthServiceMethods.watch, HealthCheckRequest(service: "baedal.order.v1.OrderService"))
      var statuses = watch.makeAsyncIterator()
      #expect(try await statuses.next()?.status == .serving)
      async let order = town.place(Town.request("under way"))
      try await until("order under way") {
        let node = try await town.boss.call(AdminServiceMethods.getNode, GetNodeRequest())
        return node.services.first { $0.service == "order" }?.inFlight == 1
      }
      node.child.send(SIGTERM)
      // Whichever is seen first: the change, or that the connection goes away.
      do { #expect(try await statuses.next()?.status == .notServing) } catch {
        #expect(error.code == .unavailable)
      }
      let ready = try await node.probe("/readyz")
      #expect(ready.status == 503)
      #expect(ready.body == "[-]staying failed: draining\n")
      #expect(try await node.probe("/livez").status == 200)
      #expect(try await order.state == .placed)
      #expect(try await node.child.end(within: .seconds(30)) == .exit(0))
      await town.close()
    }

    @Test("without room on disk a node is alive and not ready, and with room it is ready again")
    func room() async throws {
      let site = try Site()
      let node = try await site.start(
        "\(Self.http)\nreadiness: {disk_free_mb_min: 1000000000}\nreload: {interval_s: 0}")
      defer { node.kill() }
      try await until("node that is not ready") { try await node.probe("/readyz").status == 503 }
      try await until("reason") {
        try await node.probe("/readyz").body.hasPrefix("[-]room on disk failed: ")
      }
      #expect(try await node.probe("/livez").status == 200)
      let person = Person("customer", "c-1", of: node.port)
      #expect(try await Self.status("", person) == .notServing)
      _ = try site.write("\(Self.http)\nreload: {interval_s: 0}")
      node.child.send(SIGHUP)
      try await until("ready node") { try await node.probe("/readyz").status == 200 }
      #expect(try await Self.status("", person) == .serving)
      await person.close()
    }

    @Test("'baedal health' says how a service is, and so does its exit status")
    func command() async throws {
      let site = try Site()
      let node = try await site.start(Self.http)
      defer { node.kill() }
      try await until("ready node") { try await node.probe("/readyz").status == 200 }
      for (service, status, code) in [
        ([], "serving", 0), (["--service", "order"], "serving", 0),
        (["--service", "baedal.order.v1.OrderService"], "serving", 0),
        (["--service", "baedal.none.v1.None"], "not found", 5),
      ] {
        let child = try site.baedal(
          ["health", "--connect", "127.0.0.1:\(node.port)"] + service, name: "health")
        #expect(try await child.end() == .exit(Int32(code)), "\(service)")
        let text = (child.output + child.errors).lowercased()
        #expect(text.replacing("_", with: " ").contains(status), "\(text)")
      }
      let watching = try site.baedal(
        ["health", "--watch", "--connect", "127.0.0.1:\(node.port)"], name: "watch")
      try await until("first status") { watching.output.contains("serving") }
      #expect(try await node.stop() == .exit(0))
      #expect(try await watching.end() == .exit(3))
    }

    private static func status(
      _ service: String, _ person: Person
    ) async throws(RPCError) -> ServingStatus {
      try await person.call(
        HealthServiceMethods.check, HealthCheckRequest(service: service)
      ).status
    }
  }
}
