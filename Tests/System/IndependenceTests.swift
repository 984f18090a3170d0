import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Ordering without the other services")
  struct IndependenceTests {
    private static let orders = 20

    @Test("goes on with store, delivery and dashboard stopped; started again, they catch up")
    func withoutTheOthers() async throws {
      let site = try Site()
      try await prepare(site)
      let ids = try await orderAlone(site)
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      for id in ids { try await town.ticket(of: id, reaches: .received) }
      for id in ids { try await town.steps(of: id, until: "OrderPlaced") }
      let board = try await eventually("board with every order") { () -> ListOrdersResponse? in
        let board = try await town.owner.call(
          DashboardServiceMethods.getStoreBoard,
          GetStoreBoardRequest(storeID: Town.store, limit: 100))
        return board.orders.count >= ids.count ? board : nil
      }
      #expect(Set(board.orders.map(\.orderID)) == Set(ids))
      let first = try #require(ids.first)
      try await town.acceptAndConfirm(first)
      try await town.cook(first)
      try await town.deliver(first)
      let last = try #require(ids.last)
      #expect(try await town.cancel(last).state == .cancelled)
      try await town.ticket(of: last, reaches: .withdrawn)
      #expect(try await town.settledPayment(of: last).refundedWon == Town.total)
      #expect(try await town.audit().violations == [])
      await town.close()
    }

    /// The store registers while everything runs.
    private func prepare(_ site: Site) async throws {
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      await town.close()
      #expect(try await node.stop() == .exit(0))
    }

    /// Orders on a node that runs nothing but order and payment.
    private func orderAlone(_ site: Site) async throws -> [String] {
      let node = try await site.start("node: {services: [order, payment]}")
      defer { node.kill() }
      // It might have been meant otherwise.
      for service in ["store", "delivery"] {
        #expect(node.child.errors.contains("follows=\(service)"), "\(node.child.errors)")
      }
      let town = Town(node)
      var ids: [String] = []
      for number in 0..<Self.orders { ids.append(try await town.placed("alone \(number)").orderID) }
      await expect(code: .unimplemented) { _ = try await town.ticket(of: ids[0]) }
      await town.close()
      #expect(try await node.stop() == .exit(0))
      return ids
    }
  }
}
