import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("How busy a node is, as it tells it")
  struct SignalsTests {
    private static let place = "order place chicken:1 cola:2 --store store-1 --as customer:c-1"

    @Test("everything that is measured is told, once it has been measured")
    func whole() async throws {
      try await withNode { site, node in
        let town = Town(node)
        for number in 0..<5 {
          _ = try await site.run("\(Self.place) --key k-\(number)", on: node)
        }
        let signals = try await eventually("signals of everything") { () -> NodeSignals? in
          let signals = try await town.boss.call(
            SignalsServiceMethods.getSignals, GetSignalsRequest())
          let isWhole =
            signals.pools.allSatisfy { $0.demand != nil } && signals.subscriptions.count >= 6
            && signals.subscriptions.allSatisfy { $0.lagEvents == 0 }
            && signals.loops.allSatisfy { $0.delay != nil }
          return isWhole ? signals : nil
        }
        #expect(
          Set(signals.pools.map(\.service)).isSuperset(of: [
            "order", "payment", "store", "delivery", "rider", "dashboard",
          ]))
        let order = try #require(signals.pools.first { $0.service == "order" })
        #expect(order.arrived >= 5 && order.completed >= 5 && order.shed == 0)
        #expect(order.capacityMax >= order.capacity && order.replicasMax >= order.replicas)
        #expect(signals.dependencies.map(\.dependency) == ["payment"])
        #expect(signals.dependencies.map(\.state) == ["closed"])
        let journal = try #require(signals.journals.first { $0.journal == "order" })
        #expect(journal.commits >= 5)
        #expect(!signals.loops.isEmpty)
        await town.close()

        let shown = try await site.run("signals", on: node)
        for text in ["payment", "commits of order", "delay of event loop 0", "closed"] {
          #expect(shown.output.contains(text), "\(shown)")
        }
      }
    }

    @Test("switched off, nothing is measured, and the node goes on without")
    func off() async throws {
      let site = try Site()
      let node = try await site.start("signals: {enabled: 0}")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      #expect(try await town.place(Town.request("unmeasured")).state == .placed)
      let signals = try await town.boss.call(
        SignalsServiceMethods.getSignals, GetSignalsRequest())
      #expect(signals.loops.isEmpty && signals.subscriptions.isEmpty)
      let work = try await town.boss.call(AdminServiceMethods.getNode, GetNodeRequest()).background
      #expect(!work.isEmpty && !work.contains { $0.name == "signals" })
      #expect(work.allSatisfy { $0.running && $0.restarts == 0 }, "\(work)")
      await town.close()
      #expect(try await node.stop() == .exit(0))
    }

    @Test("operators and services may ask; customers may not; wrong questions say what is wrong")
    func asking() async throws {
      try await withNode { site, node in
        let one = try await site.run("signals --service payment --json", on: node)
        let pools = try #require(try one.message()["pools"] as? [[String: Any]])
        #expect(pools.map { $0["service"] as? String } == ["payment"])
        let unknown = try await site.run("signals --service weather", on: node)
        #expect(unknown.isOneLine(exit: 5), "\(unknown)")
        #expect(unknown.errors.contains("payment"), "\(unknown)")
        let stranger = try await site.run("signals --as customer:c-1", on: node)
        #expect(stranger.isOneLine(exit: 5), "\(stranger)")
        let hasty = try await site.run("signals --watch --interval-ms 99", on: node)
        #expect(hasty.ending != .exit(0) && hasty.errors.contains("100"), "\(hasty)")
      }
    }

    @Test("whoever watches gets them again and again, a few at once")
    func watching() async throws {
      try await withNode { _, node in
        let town = Town(node)
        let stream = try await town.boss.stream(
          SignalsServiceMethods.watchSignals, WatchSignalsRequest(intervalMs: 100))
        var moments: [Int64] = []
        for try await signals in stream {
          moments.append(signals.atMs)
          if moments.count == 3 { break }
        }
        #expect(moments.count == 3 && moments == moments.sorted())
        await town.close()
      }
    }

    @Test("a breaker that is open does not read as idleness")
    func openBreaker() async throws {
      try await withNode(config: "payment: {simulator: {latency_ms: 300}}") { site, node in
        let town = Town(node)
        func signals() async throws -> NodeSignals {
          try await town.boss.call(
            SignalsServiceMethods.getSignals, GetSignalsRequest(service: "payment"))
        }
        func payment() async throws -> PoolSignals? { try await signals().pools.first }
        // Some load, and then none, because the breaker lets none through.
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<8 {
            group.addTask {
              _ = try await site.run("\(Self.place) --key b-\(number)", on: node)
            }
          }
          try await group.waitForAll()
        }
        let busy = try await eventually("demand for payment") { () -> UInt64? in
          let told = try await payment()?.demand?.utilizationMaxMilli ?? 0
          return told > 0 ? told : nil
        }
        // Looked at once a second: by the node's own clock a look is surely taken of it.
        let seenMs = try await signals().atMs
        try await until("a look at the demand") { try await signals().atMs >= seenMs + 2000 }
        _ = try await site.run("breakers force-open payment", on: node)
        try await until("nothing offered") { try await payment()?.demand?.offeredMilli == 0 }
        let held = try await payment()?.demand
        #expect(held?.utilizationMilli == 0)
        #expect((held?.utilizationMaxMilli ?? 0) > 0, "was \(busy)")
        _ = try await site.run("breakers reset payment", on: node)
        try await until("idleness") { try await payment()?.demand?.utilizationMaxMilli == 0 }
        await town.close()
      }
    }

    @Test("Prometheus, KEDA and Kubernetes are told the same on the port of the probes")
    func faces() async throws {
      try await withNode(config: "http: {address: \"127.0.0.1:0\"}") { site, node in
        _ = try await site.run("\(Self.place) --key f", on: node)
        let text = try await eventually("measured demand") { () -> String? in
          let answer = try await node.probe("/metrics")
          #expect(answer.status == 200)
          let isMeasured = answer.body.contains(
            "baedal_pool_utilization_max_ratio{service=\"payment\"}")
          return isMeasured ? answer.body : nil
        }
        #expect(text.contains("baedal_journal_commits_total{journal=\"order\"}"))
        #expect(text.contains("baedal_dependency_breaker_state{dependency=\"payment\""))
        let keda = try await node.probe("/signals/payment")
        #expect(keda.status == 200 && keda.body.contains("\"utilization_max_ratio\":"), "\(keda)")
        #expect(try await node.probe("/signals/weather").status == 404)
        let group = "/apis/external.metrics.k8s.io/v1beta1"
        #expect(try await node.probe(group).body.contains("\"kind\":\"APIResourceList\""))
        let list = try await node.probe(
          "\(group)/namespaces/any/baedal_pool_replicas?labelSelector=service%3Dpayment")
        #expect(list.status == 200, "\(list)")
        #expect(list.body.contains("\"metricLabels\":{\"service\":\"payment\"}"), "\(list)")
        #expect(!list.body.contains("\"order\""), "\(list)")
        let several = try await node.probe(
          "\(group)/namespaces/any/baedal_pool_replicas?labelSelector=service+in+(order,payment)")
        #expect(several.body.components(separatedBy: "metricName").count == 3, "\(several)")
        #expect(try await node.probe("\(group)/namespaces/any/weather").status == 404)
        #expect(
          try await node.probe("\(group)/namespaces/any/baedal_pool_replicas?labelSelector=%28")
            .status == 400)
      }
    }

    private func withNode(
      config: String = "", _ body: (Site, NodeProcess) async throws -> Void
    ) async throws {
      let site = try Site()
      let node = try await site.start(config)
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      await town.close()
      try await body(site, node)
      #expect(try await node.stop() == .exit(0))
    }
  }
}
