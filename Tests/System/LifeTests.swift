import Foundation
import Glibc
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("The life of a node")
  struct LifeTests {
    @Test(
      "SIGTERM and SIGINT: what was accepted is finished, then it ends with 0",
      arguments: [SIGTERM, SIGINT])
    func drain(signal: Int32) async throws {
      let site = try Site()
      let node = try await site.start("payment: {simulator: {latency_ms: 1000}}")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let states = try await withThrowingTaskGroup(of: OrderState.self) { group in
        for number in 0..<32 {
          group.addTask { try await town.place(Town.request("under way \(number)")).state }
        }
        try await until("32 orders under way") {
          let node = try await town.boss.call(AdminServiceMethods.getNode, GetNodeRequest())
          return node.services.first { $0.service == "order" }?.inFlight == 32
        }
        node.child.send(signal)
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(states == Array(repeating: .placed, count: 32))
      #expect(try await node.child.end(within: .seconds(30)) == .exit(0))
      await expect(code: .unavailable) { _ = try await town.placed("too late") }
      await town.close()
    }

    @Test("a second node on the same data directory is refused with one line")
    func secondNode() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let second = try site.spawn(name: "second")
      guard case .exit(let code) = try await second.end(), code != 0 else {
        Issue.record("ended with \(String(describing: second.ending))")
        return
      }
      let lines = second.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(second.errors)")
      #expect(second.errors.contains(site.data))
      let town = Town(node)
      try await town.open()
      _ = try await town.placed("still well")
      await town.close()
    }

    @Test(
      "a configuration that cannot be is refused with one line that names file and key",
      arguments: [
        ("listen: {prot: 1}", "listen.prot"),
        ("limits: {connections_max: 0}", "limits.connections_max"),
        ("deadlines: {offer_s: soon}", "deadlines.offer_s"), ("node: {services: []}", "services"),
      ])
    func wrongConfig(config: String, key: String) async throws {
      let site = try Site()
      let child = try site.spawn(config)
      #expect(try await child.end() == .exit(2))
      let lines = child.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(child.errors)")
      #expect(lines.first?.contains("node.yaml") == true, "\(child.errors)")
      #expect(lines.first?.contains(key) == true, "\(child.errors)")
    }

    @Test("a data directory that cannot be is refused with one line")
    func wrongDirectory() async throws {
      let site = try Site()
      try Data("a file".utf8).write(to: URL(fileURLWithPath: site.data))
      let child = try site.spawn()
      #expect(try await child.end() == .exit(2))
      #expect(child.errors.split(separator: "\n").count == 1, "\(child.errors)")
      #expect(child.errors.contains(site.data), "\(child.errors)")
    }
  }
}
