import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("What an operator sees and steers")
  struct OperatorTests {
    private static let place = "order place chicken:1 cola:2 --store store-1 --as customer:c-1"

    @Test("a breaker that is forced open parks orders, and once it is reset they are paid")
    func breaker() async throws {
      try await withNode(config: "payment: {drain: {interval_ms: 20}}") { site, node in
        let open = try await site.run("breakers force-open payment --json", on: node)
        #expect(try Self.breaker(open)["state"] as? String == "BREAKER_STATE_FORCED_OPEN")
        let parked = try await site.run("\(Self.place) --key parked --json", on: node)
        #expect(try parked.order()["state"] as? String == "ORDER_STATE_AWAITING_PAYMENT")
        let id = try #require(try parked.order()["orderId"] as? String)

        let waiting = try await site.run("waiting --kind paymentParked --json", on: node)
        let rows = try #require(try waiting.message()["waiting"] as? [[String: Any]])
        #expect(rows.count == 1)
        #expect(rows.first?["subject"] as? String == id)
        #expect(rows.first?["outcome"] as? String == "expired")
        #expect(try await site.run("waiting --overdue", on: node).output == "nothing waits\n")
        for wrong in ["--kind weather", "--service weather"] {
          let printed = try await site.run("waiting \(wrong)", on: node)
          #expect(printed.isOneLine(exit: 1), "\(printed)")
        }

        let once = try await site.run(
          "\(Self.place) --key once --payment-method once:abc --json", on: node)
        let onceID = try #require(try once.order()["orderId"] as? String)
        _ = try await site.run("breakers reset", on: node)
        let town = Town(node)
        try await town.order(id, reaches: .placed)
        // What only its customer can pay is left to its customer.
        #expect(try await town.order(onceID).state == .awaitingPayment)
        let paid = try await site.run("order pay \(onceID) --as customer:c-1 --json", on: node)
        #expect(try paid.order()["state"] as? String == "ORDER_STATE_PLACED")
        #expect(try await town.audit().violations == [])
        await town.close()
      }
    }

    @Test("a policy is changed while the node runs, and one that cannot be is refused")
    func policy() async throws {
      try await withNode { site, node in
        let changed = try await site.run(
          "breakers policy payment --probes 2 --slow-call-ms 750 --concurrent 33 --json", on: node)
        let policy = try #require(try Self.breaker(changed)["policy"] as? [String: Any])
        #expect(policy["probes"] as? Int == 2 && policy["concurrent"] as? Int == 33)
        #expect(policy["minimumCalls"] as? Int == 20)
        let wrong = try await site.run("breakers policy payment --probes 0", on: node)
        #expect(wrong.isOneLine(exit: 1), "\(wrong)")
        #expect(wrong.errors.contains("probes"), "\(wrong.errors)")
        let unknown = try await site.run("breakers reset weather", on: node)
        #expect(unknown.isOneLine(exit: 5), "\(unknown)")
        #expect(unknown.errors.contains("payment"), "\(unknown.errors)")
        let stranger = try await site.run("breakers list --as customer:c-1", on: node)
        #expect(stranger.isOneLine(exit: 5), "\(stranger)")
        let list = try await site.run("breakers", on: node)
        #expect(list.output.contains("33 inside"), "\(list.output)")
      }
    }

    @Test("a policy is tried on a trace, and what comes out otherwise than expected is told")
    func replay() async throws {
      let site = try Site()
      let trace = """
        {"policy": {"window": {"calls": 4}, "minimum_calls": 4, "failure_rate": 0.5,
          "open_wait": {"initial_ms": 5000, "jitter": 0}, "probes": 1},
         "inputs": [{"at_ms": 0, "call": "failure", "times": 4},
          {"at_ms": 3000, "call": "success", "expect": {"decision": "rejected"}},
          {"at_ms": 6000, "call": "success", "expect": {"state": "%"}}]}
        """
      for (state, code) in [("closed", Int32(0)), ("open", 4)] {
        let file = try site.write(trace.replacing("%", with: state), as: "\(state).json")
        let printed = try await site.run(["breakers", "replay", file])
        #expect(printed.output.contains("permitted as a probe"), "\(printed)")
        #expect(printed.ending == .exit(code), "\(printed)")
      }
    }

    @Test("a store that is out of an item offers the money for it, and keeps the rest")
    func offer() async throws {
      try await withNode { site, node in
        let town = Town(node)
        let id = try await town.placed("offer").orderID
        try await town.acceptAndConfirm(id)
        let all = try await site.run(
          "store offer-refund \(id) chicken:1 cola:2 --store store-1", on: node)
        #expect(all.isOneLine(exit: 1), "\(all)")
        let offered = try await site.run(
          "store offer-refund \(id) cola:2 --store store-1", on: node)
        #expect(offered.output.contains("not answered"), "\(offered)")
        let order = try await eventually("offer") {
          let order = try await town.order(id)
          return order.offer == nil ? nil : order
        }
        #expect(order.offer?.refundWon == 5_000)
        let strange = try await site.run(
          "order answer-offer \(id) 1 --accept --as customer:c-2", on: node)
        #expect(strange.isOneLine(exit: 5), "\(strange)")
        let accepted = try await site.run(
          "order answer-offer \(id) 1 --accept --as customer:c-1 --json", on: node)
        #expect(try accepted.order()["refundedWon"] as? String == "5000")
        try await until("refund of the offer") {
          try await town.payment(of: id).refundedWon == 5_000
        }
        try await until("answer at the store") {
          try await town.ticket(of: id).offers.first?.answer == .accepted
        }
        let again = try await site.run(
          "store offer-refund \(id) cola:2 --number 1 --store store-1", on: node)
        #expect(again.output.contains("offer 1") && !again.output.contains("offer 2"), "\(again)")
        try await town.cook(id)
        try await town.deliver(id)
        let payment = try await town.settledPayment(of: id)
        #expect(payment.keptWon == Town.total - 5_000)
        #expect(try await town.audit().violations == [])
        await town.close()
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
    }

    private static func breaker(_ printed: Printed) throws -> [String: Any] {
      try #require(try printed.message()["breaker"] as? [String: Any], "\(printed)")
    }
  }
}
