import Messages
import Synchronization
import Testing
import Transport

extension SystemTests {
  /// The dashboard keeps no journal, so that several nodes may run it.
  @Suite("A service on several nodes")
  struct ReplicaTests {
    private static let dashboards = ["dashboard-1", "dashboard-2", "dashboard-3"]
    private static let workers = 4

    @Test("is asked on all of them; one that dies takes only what it was answering, and comes back")
    func killed() async throws {
      var layout = ["front": ["order", "payment", "store", "delivery"]]
      for name in Self.dashboards { layout[name] = ["dashboard"] }
      let cluster = try Cluster(layout)
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["front"]))
      try await town.open()
      _ = try await town.placed("seen everywhere")
      let asked = Asked()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<Self.workers {
          group.addTask { while !asked.isOver { await asked.ask(town) } }
        }
        defer { asked.end() }
        try await everyone(answers: Self.dashboards, nodes, asked)

        nodes["dashboard-2"]?.kill()
        let before = asked.answered
        try await until("answers of the others") { asked.answered > before + 300 }
        // Questions that it had been sent, and no others.
        #expect(asked.failures.count <= Self.workers, "\(asked.failures)")
        #expect(asked.failures.allSatisfy { $0 == .unavailable }, "\(asked.failures)")

        nodes["dashboard-2"] = try await cluster.start("dashboard-2")
        try await everyone(answers: Self.dashboards, nodes, asked)
        asked.end()
        try await group.waitForAll()
      }
      #expect(asked.failures.count <= Self.workers, "\(asked.failures)")
      await town.close()
    }

    /// Waits until each of the nodes has answered a good share of the questions asked meanwhile.
    private func everyone(
      answers names: [String], _ nodes: [String: NodeProcess], _ asked: Asked
    ) async throws {
      for name in names {
        let boss = Person("operator", "boss", of: try #require(nodes[name]).port)
        let count = { () async throws -> UInt64 in
          let signals = try await boss.call(
            SignalsServiceMethods.getSignals, GetSignalsRequest(service: "dashboard"))
          return signals.pools.first?.completed ?? 0
        }
        let before = try await eventually("first count of \(name)") { try await count() }
        try await until("answers of \(name)") { try await count() > before + 50 }
        await boss.close()
      }
    }
  }
}

/// Questions that are asked over and over, and what became of them.
private final class Asked: Sendable {
  private struct State {
    var answered = 0
    var failures: [StatusCode] = []
    var isOver = false
  }

  private let state = Mutex(State())

  var isOver: Bool { state.withLock { $0.isOver } }
  var answered: Int { state.withLock { $0.answered } }
  var failures: [StatusCode] { state.withLock { $0.failures } }

  func end() { state.withLock { $0.isOver = true } }

  /// About another customer each time: questions about one of them go to one node.
  func ask(_ town: Town) async {
    let number = state.withLock { $0.answered + $0.failures.count }
    do throws(RPCError) {
      let request = ListCustomerOrdersRequest(customerID: "c-\(number)", limit: 10)
      _ = try await town.boss.call(DashboardServiceMethods.listCustomerOrders, request)
      state.withLock { $0.answered += 1 }
    } catch {
      state.withLock { $0.failures.append(error.code) }
    }
  }
}
