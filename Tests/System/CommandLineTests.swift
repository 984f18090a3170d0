import Foundation
import Messages
import Testing

extension SystemTests {
  @Suite("The command line")
  struct CommandLineTests {
    private static let place =
      "order place chicken:1@19000 cola:2 --store store-1 --as customer:c-1"

    @Test("an order is refused or parked while payment takes nothing, and paid when it does again")
    func parkedOrder() async throws {
      // The drain would pay it first.
      try await withShell(config: "payment: {drain: {per_second: 0}}") { shell, _ in
        let down = try await shell("payment simulator set --down --json")
        #expect(try down.message()["down"] as? Bool == true)

        let refused = try await shell("\(Self.place) --refuse-parking --key refused --json")
        #expect(refused.isOneLine(exit: 3), "\(refused)")
        #expect(refused.errors.contains("UNAVAILABLE"))
        let over = try await shell("\(Self.place) --refuse-parking --key refused --json")
        #expect(over.ending == .exit(1), "\(over.errors)")
        #expect(try over.order()["state"] as? String == "ORDER_STATE_EXPIRED")

        let parked = try await shell("\(Self.place) --key parked --json")
        #expect(parked.ending == .exit(0), "\(parked.errors)")
        let order = try parked.order()
        #expect(order["state"] as? String == "ORDER_STATE_AWAITING_PAYMENT")
        let id = try #require(order["orderId"] as? String)
        let shown = try await shell("order show \(id) --as customer:c-1")
        #expect(shown.output.contains("awaiting payment"), "\(shown.output)")

        let early = try await shell("order pay \(id) --as customer:c-1")
        #expect(early.ending == .exit(0))
        #expect(early.output.contains("baedal order pay \(id)"), "\(early.output)")

        _ = try await shell("payment simulator set --no-down")
        let paid = try await shell("order pay \(id) --as customer:c-1 --json")
        #expect(try paid.order()["state"] as? String == "ORDER_STATE_PLACED")
        let again = try await shell("\(Self.place) --key parked --json")
        #expect(try again.order()["orderId"] as? String == id)

        let strange = try await shell("order show \(id) --as customer:c-2")
        #expect(strange.isOneLine(exit: 5), "\(strange)")
        let declined = try await shell(
          "\(Self.place) --key declined --payment-method card-declined")
        #expect(declined.ending == .exit(1))
        #expect(declined.output.contains("rejected"), "\(declined.output)")
      }
    }

    @Test("with --json every command prints messages and nothing else")
    func json() async throws {
      try await withShell { shell, id in
        let commands = [
          "node", "audit", "dead-letters list", "dashboard lag", "dashboard show \(id)",
          "payment show \(id)", "payment simulator get", "order show \(id) --as customer:c-1",
          "order list --as customer:c-1", "store show --store store-1",
          "store ticket \(id) --store store-1", "store board --store store-1",
          "rider list --rider rider-1", "dashboard rebuild",
          "order cancel \(id) --as customer:c-1",
        ]
        for command in commands {
          let printed = try await shell("\(command) --json")
          #expect(printed.ending == .exit(0), "\(command): \(printed.errors)")
          #expect(printed.errors.isEmpty, "\(command): \(printed.errors)")
          #expect(try !printed.messages().isEmpty, "\(command)")
        }
        // Over by now, so the stream ends by itself.
        let watched = try await shell("order watch \(id) --as customer:c-1 --json")
        #expect(watched.ending == .exit(0), "\(watched.errors)")
        #expect(try !watched.messages().isEmpty)
      }
    }

    @Test(
      "arguments that cannot be are refused with one line that names them, and exit code 2",
      arguments: [
        ("ordr", "ordr"), ("order place x:0", "x:0"), ("order show", "order-id"),
        ("order show a b", "b"), ("order show a --timeout 0", "--timeout"),
        ("order show a --connect nowhere", "nowhere"), ("order show a --as kim", "kim"),
        ("order pay a --bogus", "--bogus"), ("dead-letters replay order.payment/x/1", "x/1"),
        ("dead-letters replay", "--all"), ("dead-letters discard order.payment/0/1", "--yes"),
        ("config diff /nonexistent.yaml", "/nonexistent.yaml"),
        ("payment refund a lots", "lots"), ("call Nope", "Nope"), ("serve --listen x", "x"),
        ("call OrderService/GetOrder {", "GetOrderRequest"),
        ("config check /nonexistent.yaml", "/nonexistent.yaml"),
        ("order show a --token-file /nonexistent", "/nonexistent"),
      ])
    func wrongArguments(command: String, named: String) async throws {
      let site = try Site()
      let printed = try await site.run(command.split(separator: " ").map(String.init))
      #expect(printed.isOneLine(exit: 2), "\(printed)")
      #expect(printed.errors.contains(named), "\(printed.errors)")
    }

    @Test("config check says that a file is fine, or in one line what is not")
    func configCheck() async throws {
      let site = try Site()
      let good = try site.write("listen: {port: 7711}\nnode: {services: [order, payment]}")
      let fine = try await site.run(["config", "check", good])
      #expect(fine.ending == .exit(0), "\(fine.errors)")
      #expect(fine.output.contains("order, payment on 127.0.0.1:7711"), "\(fine.output)")
      for (text, key) in [("listen: {prot: 1}", "listen.prot"), ("a: [", "node.yaml")] {
        let wrong = try await site.run(["config", "check", site.write(text)])
        #expect(wrong.isOneLine(exit: 2), "\(wrong)")
        #expect(wrong.errors.contains(key), "\(wrong.errors)")
      }
    }

    @Test("config check of several files takes their secrets from the environment")
    func configCheckSecrets() async throws {
      let site = try Site()
      let order = """
        node: {name: one, services: [order, payment, store, delivery]}
        payment: {provider: http, http: {url: 'https://pay.example.com'}}
        data: {directory: \(site.folder)/one}
        peers: {two: {address: '127.0.0.1:7712', services: [dashboard]}}
        """
      let views = """
        node: {name: two, services: [dashboard]}
        listen: {port: 7712}
        data: {directory: \(site.folder)/two}
        peers:
          one: {address: '127.0.0.1:7700', services: [order, payment, store, delivery]}
        """
      let files = [try site.write(order, as: "one.yaml"), try site.write(views, as: "two.yaml")]
      let without = try await site.run(["config", "check"] + files)
      #expect(without.isOneLine(exit: 2), "\(without)")
      #expect(without.errors.contains("payment.http.secret_file"), "\(without)")
      let fine = try await site.run(
        ["config", "check"] + files,
        environment: [
          "BAEDAL_PAYMENT_HTTP_SECRET": "hunter2",
          // Would be the port of both.
          "BAEDAL_LISTEN_PORT": "1",
        ])
      #expect(fine.ending == .exit(0), "\(fine)")
      #expect(fine.output.contains("127.0.0.1:7700") && fine.output.contains("127.0.0.1:7712"))
    }

    @Test("config diff needs nothing that the files name, nor their secrets")
    func configDiffAlone() async throws {
      let site = try Site()
      let wanted = """
        access: {operator_token_file: /nowhere/token, token_keys_file: /nowhere/keys.json}
        tls: {certificate_file: /nowhere/node.pem, key_file: /nowhere/node.key}
        payment: {provider: http, http: {url: 'https://pay.example.com'}}
        """
      let file = try site.write(wanted, as: "wanted.yaml")
      let shown = try await site.run(["config", "diff", file, file])
      #expect(shown.ending == .exit(0) && shown.output == "no difference\n", "\(shown)")
      let node = try await site.start()
      defer { node.kill() }
      let changes = try await site.run("config diff \(file)", on: node)
      #expect(changes.ending == .exit(0), "\(changes)")
      #expect(changes.output.contains("/nowhere/keys.json"), "\(changes)")
    }

    @Test("config diff says what differs between two files, and when it would be taken up")
    func configDiff() async throws {
      let site = try Site()
      let one = try site.write("listen: {port: 7711}\nlog: {level: debug}", as: "one.yaml")
      let two = try site.write("listen: {port: 7712}\nlog: {level: info}", as: "two.yaml")
      let different = try await site.run(["config", "diff", one, two])
      let lines = different.output.split(separator: "\n").dropFirst()
      #expect(lines.count == 2, "\(different)")
      #expect(lines.contains { $0.contains("7712") && $0.contains("at a start") })
      #expect(lines.contains { $0.contains("debug") && $0.contains("on reload") })
      #expect(try await site.run(["config", "diff", one, one]).output == "no difference\n")
      let messages = try await site.run(["config", "diff", one, two, "--json"]).messages()
      #expect(messages.count == 2)
      let port = try #require(messages.first { $0["key"] as? String == "listen.port" })
      #expect(port["old"] as? String == "7711" && port["new"] as? String == "7712")
      #expect(port["live"] as? Bool == false)
      #expect(try await site.run(["config", "diff", one, one, "--json"]).output.isEmpty)
    }

    @Test("where no node answers, one line says so and what to do")
    func nobody() async throws {
      let printed = try await Site().run(["order", "show", "a", "--connect", "127.0.0.1:1"])
      #expect(printed.isOneLine(exit: 3), "\(printed)")
      #expect(printed.errors.contains("baedal serve"))
    }

    private typealias Shell = (String) async throws -> Printed

    /// A way to run commands on a node with a store, and the id of an order that was placed.
    private func withShell(
      config: String = "", _ body: (Shell, String) async throws -> Void
    ) async throws {
      try await withNode(config: config) { site, node, id in
        try await body({ try await site.run($0, on: node) }, id)
      }
    }

    /// A node with a store, and the id of an order that was placed.
    func withNode(
      config: String = "", _ body: (Site, NodeProcess, String) async throws -> Void
    ) async throws {
      let site = try Site()
      let node = try await site.start(config)
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let id = try await town.placed("shell").orderID
      try await town.ticket(of: id, reaches: .received)
      try await town.steps(of: id, until: "TicketReceived")
      await town.close()
      try await body(site, node, id)
    }
  }
}
