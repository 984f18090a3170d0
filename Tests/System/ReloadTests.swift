import Foundation
import Glibc
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("A configuration that changes under a running node")
  struct ReloadTests {
    @Test("is taken up on SIGHUP: what can change does, the rest is refused by name")
    func hangUp() async throws {
      try await withNode("reload: {interval_s: 0}") { site, node, file in
        try Self.write(
          """
          reload: {interval_s: 0}
          node: {name: another}
          payment: {breaker: {probes: 3}, drain: {per_second: 9}, simulator: {latency_ms: 77}}
          limits: {calls_in_flight_max: 5}
          """, to: file)
        node.child.send(SIGHUP)
        try await until("reload") { node.child.errors.contains("configuration reloaded") }
        let refused = try #require(
          Self.lines(node, "needs a restart").first, "\(node.child.errors)")
        #expect(Self.lines(node, "needs a restart").count == 1)
        #expect(refused.contains("key=node.name") && refused.contains("running=node-1"))
        #expect(refused.contains("wanted=another"), "\(refused)")
        #expect(try await Self.probes(site, node) == 3)
        let simulator = try await site.run("payment simulator get --json", on: node)
        #expect(try simulator.message()["latencyMs"] as? Int == 77, "\(simulator)")
        // A connection from now on is held to the new limit, and told so in its hello.
        let limits = try await Self.limits(of: node)
        #expect(limits == 5)

        let same = try await site.run("config diff \(file)", on: node)
        let lines = same.output.split(separator: "\n").dropFirst().map(String.init)
        #expect(lines.contains { $0.hasPrefix("node.name") && $0.contains("at a start") })
        #expect(!lines.contains { $0.contains("probes") }, "\(same.output)")
        #expect(node.isRunning)
      }
    }

    @Test("bounds pools anew, and cannot make more replicas than there are")
    func pools() async throws {
      try await withNode("reload: {interval_s: 0}") { site, node, file in
        for (least, most, says, replicas) in [
          (5, 6, "replicas_max: 8, now 6", 5), (5, 99, "99 is more than the 8", 5),
          (1, 3, "replicas_max: 6, now 3", 3),
        ] {
          let bounds = "{replicas_min: \(least), replicas_max: \(most)}"
          try Self.write("reload: {interval_s: 0}\npools: {order: \(bounds)}", to: file)
          node.child.send(SIGHUP)
          try await until(says) { node.child.errors.contains(says) }
          let printed = try await site.run("node --json", on: node)
          let pools = try printed.message()["services"] as? [[String: Any]]
          let order = pools?.first { $0["service"] as? String == "order" }
          #expect(order?["replicas"] as? Int == replicas, "\(printed)")
        }
      }
    }

    @Test("is taken up when the file changes, written anew or behind a symbolic link")
    func fileChange() async throws {
      try await withNode("reload: {interval_s: 0.05}") { site, node, file in
        try Self.write(
          "reload: {interval_s: 0.05}\npayment: {breaker: {probes: 3}}", to: file)
        try await until("probes") { try await Self.probes(site, node) == 3 }
        // As Kubernetes does it: the new file is beside, and a link is turned round at once.
        let other = try site.write(
          "reload: {interval_s: 0.05}\npayment: {breaker: {probes: 4}}", as: "next.yaml")
        let link = "\(file).link"
        try FileManager.default.createSymbolicLink(
          atPath: link, withDestinationPath: other)
        #expect(rename(link, file) == 0)
        try await until("probes") { try await Self.probes(site, node) == 4 }
        #expect(Self.lines(node, "configuration reloaded").count == 2, "\(node.child.errors)")
      }
    }

    @Test("is left alone while the file is broken or gone, and one line says why")
    func broken() async throws {
      let good = "reload: {interval_s: 0.05}\npayment: {breaker: {probes: 6}}"
      try await withNode(good) { site, node, file in
        for (text, says) in [("payment: [", "not valid YAML"), ("log: {level: loud}", "'loud'")] {
          try Self.write(text, to: file)
          try await until("complaint") { node.child.errors.contains(says) }
          #expect(try await Self.probes(site, node) == 6)
        }
        #expect(Self.lines(node, "configuration not reloaded").count == 2, "\(node.child.errors)")
        try FileManager.default.removeItem(atPath: file)
        try await until("complaint") { node.child.errors.contains("no such file") }
        try Self.write(good.replacing("6", with: "2"), to: file)
        try await until("probes") { try await Self.probes(site, node) == 2 }
        let town = Town(node)
        try await town.open()
        _ = try await town.placed("all the same")
        await town.close()
      }
    }

    @Test("does not undo what an operator said about something else, and does about the same")
    func operators() async throws {
      try await withNode("reload: {interval_s: 0}") { site, node, file in
        _ = try await site.run("breakers policy payment --probes 11", on: node)
        try Self.write("reload: {interval_s: 0}\nlog: {level: debug}", to: file)
        node.child.send(SIGHUP)
        try await until("reload") { node.child.errors.contains("log.level: info, now debug") }
        #expect(try await Self.probes(site, node) == 11)
        try Self.write(
          "reload: {interval_s: 0}\npayment: {bulkhead: {queued: 3}}", to: file)
        node.child.send(SIGHUP)
        try await until("reload") { node.child.errors.contains("queued: 128, now 3") }
        #expect(try await Self.probes(site, node) == 5)
      }
    }

    @Test("never shows a secret, and says that another one needs a restart")
    func secret() async throws {
      let site = try Site()
      let token = try site.write("s3cret-one", as: "token")
      let node = try await site.start(
        "reload: {interval_s: 0.05}\naccess: {operator_token_file: \(token)}")
      defer { node.kill() }
      try Self.write("s3cret-two", to: token)
      try await until("complaint") {
        Self.lines(node, "needs a restart").contains { $0.contains("access.operator_token") }
      }
      #expect(!node.child.errors.contains("s3cret"))
    }
  }
}

extension SystemTests.ReloadTests {
  private func withNode(
    _ config: String, _ body: (Site, NodeProcess, String) async throws -> Void
  ) async throws {
    let site = try Site()
    let node = try await site.start(config)
    defer { node.kill() }
    try await body(site, node, "\(site.folder)/node.yaml")
    #expect(try await node.stop() == .exit(0))
  }

  /// All at once: what a file that is half written comes to is `ReloadWatch`'s to say.
  private static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private static func lines(_ node: NodeProcess, _ text: String) -> [Substring] {
    node.child.errors.split(separator: "\n").filter { $0.contains(text) }
  }

  private static func probes(_ site: Site, _ node: NodeProcess) async throws -> Int? {
    let printed = try await site.run("breakers --json", on: node)
    let breakers = try printed.message()["breakers"] as? [[String: Any]]
    return (breakers?.first?["policy"] as? [String: Any])?["probes"] as? Int
  }

  /// Calls at once, as a new connection is told.
  private static func limits(of node: NodeProcess) async throws -> UInt32? {
    let socket = try RawSocket(node.port)
    try socket.hello()
    try socket.send(.goAway(GoAway()))
    for case .helloReply(let reply) in try await socket.framesUntilClosed() {
      return reply.limits?.callsInFlightMax
    }
    return nil
  }
}
