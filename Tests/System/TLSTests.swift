import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Nodes that speak TLS")
  struct TLSTests {
    private static let five = [
      "order-1": ["order"], "payment-1": ["payment"], "store-1": ["store"],
      "delivery-1": ["delivery"], "dashboard-1": ["dashboard"],
    ]

    @Test("an order goes over five nodes that know each other by their certificates")
    func road() async throws {
      let certificates = try TestCertificates()
      let cluster = try Cluster(Self.five, certificates: certificates)
      let nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let tls = try certificates.client()
      let town = Town(try #require(nodes["dashboard-1"]), tls: tls)
      try await town.open()
      let order = try await town.placed("over TLS")
      try await town.acceptAndConfirm(order.orderID)
      try await town.cook(order.orderID)
      try await town.deliver(order.orderID)
      #expect(try await town.settledPayment(of: order.orderID).keptWon == Town.total)
      try await town.steps(of: order.orderID, until: "OrderDelivered")
      #expect(try await town.audit().violations == [])
      await town.close()
      for node in nodes.values { #expect(!node.child.errors.contains("connection refused")) }
    }

    @Test("who says to be a node shows that node's certificate, or is refused and told no more")
    func claims() async throws {
      let certificates = try TestCertificates()
      let stranger = try TestCertificates()
      let site = try Site()
      let node = try await site.start(
        "node: {name: order-1}\n\(try certificates.config("order-1"))")
      defer { node.kill() }
      func status(_ id: String, _ tls: ClientTLS) async -> (StatusCode, String) {
        let service = Person("service", id, of: node.port, tls: tls)
        defer { Task { await service.close() } }
        do throws(RPCError) {
          _ = try await service.call(
            JournalServiceMethods.getStatus, GetStatusRequest(journal: "order"))
          return (.ok, "")
        } catch { return (error.code, error.message) }
      }
      #expect(await status("payment-1", try certificates.client("payment-1")).0 == .ok)
      let message = "a service shows the certificate of its node"
      for tls in [try certificates.client("store-1"), try certificates.client()] {
        #expect(await status("payment-1", tls) == (.unauthenticated, message))
      }
      #expect(await status("payment-1", try stranger.client("payment-1")).0 == .unavailable)
      // Whoever is no node needs none.
      let customer = Person("customer", "c-1", of: node.port, tls: try certificates.client())
      _ = try await customer.call(HealthServiceMethods.check, HealthCheckRequest())
      await customer.close()
      #expect(node.child.errors.contains("connection refused"))
      #expect(await Self.plain(node) == "the server speaks TLS, and this client does not")
      #expect(try await node.stop() == .exit(0))
    }

    @Test("a renewed certificate is taken up while calls go on, and a wrong one is not")
    func renewed() async throws {
      let certificates = try TestCertificates()
      let site = try Site()
      let node = try await site.start(
        "reload: {interval_s: 0.05}\n\(try certificates.config("node-1"))")
      defer { node.kill() }
      let tls = try certificates.client()
      let town = Town(node, tls: tls)
      try await town.open()
      // About to expire: taken up, and warned of.
      try certificates.issue("node-1", days: 5)
      try await until("warning") { node.child.errors.contains("node-1.pem' expires in ") }
      // Without its key: refused, and the node goes on with what it had.
      try Data("nothing".utf8).write(to: URL(fileURLWithPath: certificates.path("node-1.key")))
      try await until("complaint") { node.child.errors.contains("cannot be taken up") }
      _ = try await town.placed("all the same")
      let late = Person("customer", "c-9", of: node.port, tls: tls)
      _ = try await late.call(HealthServiceMethods.check, HealthCheckRequest())
      await late.close()
      await town.close()
      #expect(try await node.stop() == .exit(0))
    }

    @Test("a node does not start with files that do not fit, and says so in one line")
    func start() async throws {
      let certificates = try TestCertificates()
      let site = try Site()
      let config = try certificates.config("node-1")
      try certificates.issue("node-1", from: Date() - 10 * 86_400, days: 3)
      let file = try site.write(config)
      for command in [["config", "check", file], ["serve", "--config", file]] {
        let printed = try await site.run(command)
        #expect(printed.isOneLine(exit: 2), "\(printed)")
        #expect(printed.errors.contains("node-1.pem' has expired, on "), "\(printed.errors)")
        #expect(printed.errors.contains("node.yaml:2: tls.certificate_file"), "\(printed.errors)")
      }
    }

    @Test("a client in Python speaks TLS from the specification alone")
    func python() async throws {
      let certificates = try TestCertificates()
      let site = try Site()
      let python = try await Python(site)
      let node = try await site.start(try certificates.config("node-1"))
      defer { node.kill() }
      try await node.serving(tls: try certificates.client())
      let client = try python.run(
        "Tests/System/python/client.py",
        ["127.0.0.1", "\(node.port)", certificates.authorityFile], name: "client")
      let ending = try await client.end(within: .seconds(120))
      #expect(ending == .exit(0), "\(client.errors)\n\(node.child.errors.suffix(2000))")
    }

    private static func plain(_ node: NodeProcess) async -> String {
      let person = Person("customer", "c-1", of: node.port)
      defer { Task { await person.close() } }
      do throws(RPCError) {
        _ = try await person.call(HealthServiceMethods.check, HealthCheckRequest())
        return "answered"
      } catch { return error.message }
    }
  }
}
