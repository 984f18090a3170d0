import Foundation
import Messages
import Synchronization
import Testing
import Transport

extension SystemTests {
  /// BAEDAL_RESTARTS says how often each node is restarted.
  @Suite("Nodes that are replaced under load")
  struct RestartTests {
    private static var restarts: Int {
      ProcessInfo.processInfo.environment["BAEDAL_RESTARTS"].flatMap { Int($0) } ?? 3
    }

    /// What a caller saw.
    private final class Tally: Sendable {
      private let state = Mutex((calls: 0, failures: [String](), isOver: false))

      var isOver: Bool { state.withLock { $0.isOver } }
      var calls: Int { state.withLock { $0.calls } }
      var failures: [String] { state.withLock { $0.failures } }

      func end() { state.withLock { $0.isOver = true } }

      func count(_ failure: String?) {
        state.withLock { state in
          state.calls += 1
          if let failure { state.failures.append(failure) }
        }
      }
    }

    private static let layout = [
      "front": ["order", "store", "delivery", "dashboard"], "money": ["payment"],
    ]

    @Test(
      "fail no call: what was begun is finished, and what was not waits",
      arguments: ["front", "money"])
    func restarted(_ name: String) async throws {
      let tally = try await underLoad { cluster, nodes, tally in
        for cycle in 0..<Self.restarts {
          try await until("load after restart \(cycle)") { tally.calls > (cycle + 1) * 100 }
          #expect(try await nodes[name]?.stop() == .exit(0))
          nodes[name] = try await cluster.start(name)
        }
        let before = tally.calls
        try await until("load after the last restart") { tally.calls > before + 100 }
      }
      #expect(tally.failures == [], "of \(tally.calls)")
    }

    @Test("fail calls when they are killed instead of drained: the test can fail")
    func cutOff() async throws {
      let tally = try await underLoad { cluster, nodes, tally in
        for cycle in 0..<20 where tally.failures.isEmpty {
          try await until("load") { tally.calls > (cycle + 1) * 50 }
          nodes["front"]?.kill()
          nodes["front"] = try await cluster.start("front")
        }
      }
      #expect(!tally.failures.isEmpty)
    }

    /// Two nodes under load while `body` does to them what it does; the audit is clean afterwards.
    private func underLoad(
      _ body: (Cluster, inout [String: NodeProcess], Tally) async throws -> Void
    ) async throws -> Tally {
      let cluster = try Cluster(Self.layout)
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["front"]), connections: 4)
      try await town.open()
      let tally = Tally()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 { group.addTask { await Self.order(town, worker, tally) } }
        try await body(cluster, &nodes, tally)
        tally.end()
        try await group.waitForAll()
      }
      try await until("clean audit") { try await town.audit().violations.isEmpty }
      await town.close()
      return tally
    }

    /// Orders and looks at the order, as fast as it is answered, each call within 5 s.
    private static func order(_ town: Town, _ worker: Int, _ tally: Tally) async {
      var number = 0
      while !tally.isOver {
        number += 1
        do throws(RPCError) {
          let placed = try await town.customer.call(
            OrderServiceMethods.placeOrder, Town.request("w\(worker)-\(number)"),
            within: .seconds(5), waits: true)
          tally.count(nil)
          _ = try await town.customer.call(
            OrderServiceMethods.getOrder,
            GetOrderRequest(orderID: placed.order?.orderID ?? ""), within: .seconds(5), waits: true)
          tally.count(nil)
        } catch { tally.count("\(error)") }
      }
    }
  }
}
