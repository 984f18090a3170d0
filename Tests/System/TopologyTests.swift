import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Services on nodes of their own")
  struct TopologyTests {
    private static let five = [
      "order-1": ["order"], "payment-1": ["payment"], "store-1": ["store"],
      "delivery-1": ["delivery"], "dashboard-1": ["dashboard"],
    ]

    @Test("an order goes from the tap to the doorstep over five nodes, whichever one is asked")
    func road() async throws {
      let cluster = try Cluster(Self.five)
      let nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      // Everybody talks to another node than the one that does their work.
      for name in ["dashboard-1", "payment-1"] {
        let town = Town(try #require(nodes[name]))
        try await town.open()
        let order = try await town.placed("over \(name)")
        try await town.acceptAndConfirm(order.orderID)
        try await town.cook(order.orderID)
        try await town.deliver(order.orderID)
        #expect(try await town.settledPayment(of: order.orderID).keptWon == Town.total)
        try await town.steps(of: order.orderID, until: "OrderDelivered")
        let cancelled = try await town.placed("cancelled over \(name)")
        #expect(try await town.cancel(cancelled.orderID).state == .cancelled)
        #expect(
          try await town.settledPayment(of: cancelled.orderID).refundedWon == Town.total)
        #expect(try await town.audit().violations == [])
        await town.close()
      }
    }

    @Test("who a caller is stays the same when a node passes the call on")
    func principals() async throws {
      let cluster = try Cluster(Self.five)
      let nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["store-1"]))
      try await town.open()
      let order = try await town.placed("mine")
      let stranger = Person("customer", "c-2", of: town.port)
      for person in [stranger, Person("store", "store-2", of: town.port)] {
        do throws(RPCError) {
          _ = try await person.call(
            OrderServiceMethods.getOrder, GetOrderRequest(orderID: order.orderID))
          Issue.record("seen by \(person.principal)")
        } catch { #expect(error.code == .notFound) }
        await person.close()
      }
      let customer = Person("customer", "c-1", of: town.port)
      do throws(RPCError) {
        _ = try await customer.call(
          JournalServiceMethods.getStatus, GetStatusRequest(journal: "store"))
        Issue.record("a journal is shown to a customer")
      } catch { #expect(error.code == .permissionDenied) }
      await customer.close()
      await town.close()
    }

    @Test("what neither of two nodes runs, and each takes the other for its owner, is refused")
    func toAndFro() async throws {
      let ports = try freePorts(2)
      let sites = [try Site(), try Site()]
      var nodes: [NodeProcess] = []
      defer { for node in nodes { node.kill() } }
      for (own, other) in [(0, 1), (1, 0)] {
        nodes.append(
          try await sites[own].start(
            """
            node: {name: n\(own), services: [delivery]}
            peers: {n\(other): {address: "127.0.0.1:\(ports[other])", services: [store]}}
            """, port: ports[own]))
      }
      let owner = Person("store", "store-1", of: ports[0])
      do throws(RPCError) {
        _ = try await owner.call(StoreServiceMethods.getStore, GetStoreRequest(storeID: "store-1"))
        Issue.record("answered")
      } catch {
        #expect(error.code == .failedPrecondition, "\(error)")
        #expect(error.message.contains("store@n0 → store@n1 → store@n0"), "\(error)")
      }
      await owner.close()
    }

    @Test("where operators show a token, so does whoever says that it calls for one")
    func token() async throws {
      let cluster = try Cluster(
        ["front": ["order", "store", "delivery", "dashboard"], "money": ["payment"]])
      var nodes: [String: NodeProcess] = [:]
      defer { for node in nodes.values { node.kill() } }
      for (name, member) in cluster.members {
        let file = try member.site.write("s3cret", as: "token")
        nodes[name] = try await member.site.start(
          member.config + "\naccess: {operator_token_file: \(file)}", port: member.port)
      }
      let front = try #require(nodes["front"])
      let service = Person("service", "stranger", of: front.port)
      do throws(RPCError) {
        _ = try await service.call(
          JournalServiceMethods.getStatus, GetStatusRequest(journal: "order"))
        Issue.record("a service is believed without the token")
      } catch { #expect(error.code == .unauthenticated, "\(error)") }
      await service.close()
      // The nodes know each other by it: an operator's call is passed on.
      let site = try Site()
      let file = try site.write("s3cret", as: "token")
      for (arguments, code) in [(" --token-file \(file)", Int32(0)), ("", 5)] {
        let printed = try await site.run("payment simulator get" + arguments, on: front)
        #expect(printed.ending == .exit(code), "\(printed)")
      }
    }

    @Test(
      "orders are taken while a node without order and payment is gone, and it catches up",
      arguments: ["store-1", "delivery-1", "dashboard-1"])
    func gone(_ name: String) async throws {
      let cluster = try Cluster(Self.five)
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["order-1"]))
      try await town.open()
      _ = try await town.placed("before")
      nodes[name]?.kill()
      let order = try await town.placed("meanwhile")
      nodes[name] = try await cluster.start(name)
      try await town.acceptAndConfirm(order.orderID)
      try await town.cook(order.orderID)
      try await town.deliver(order.orderID)
      try await town.steps(of: order.orderID, until: "OrderDelivered")
      #expect(try await town.audit().violations == [])
      await town.close()
    }

    @Test("while payment's node is gone orders are parked, and paid when it is back")
    func paymentGone() async throws {
      let cluster = try Cluster(
        Self.five, config: "payment: {breaker: {open_wait_ms: 100}, drain: {interval_ms: 50}}")
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["order-1"]))
      try await town.open()
      _ = try await town.placed("before")
      nodes["payment-1"]?.kill()
      let parked = try await eventually("parked order") { () -> Messages.Order? in
        let order = try await town.place(Town.request("meanwhile"))
        return order.state == .awaitingPayment ? order : nil
      }
      nodes["payment-1"] = try await cluster.start("payment-1")
      try await town.order(parked.orderID, reaches: .placed)
      try await town.ticket(of: parked.orderID, reaches: .received)
      #expect(try await town.audit().violations == [])
      await town.close()
    }
  }
}
