import Messages
import SQLite
import Testing
import Transport

extension SystemTests {
  @Suite("A node that is killed between two durable steps")
  struct GapTests {
    private static let config =
      "deadlines: {payment_pending_s: 0.5, payment_parked_s: 0.5, payment_unknown_s: 0.5}"

    @Test("before payment has begun: the order ends by its own deadlines, and nobody is charged")
    func beforePayment() async throws {
      let site = try Site()
      let id = try await orderWithoutPayment(site)
      let node = try await site.start(Self.config)
      defer { node.kill() }
      let town = Town(node)
      try await until("end of an order that was never paid", within: .seconds(10)) {
        try await town.order(id).state.isOver
      }
      // The order's end leaves a tombstone under its key, and nothing else.
      let payment = try await town.settledPayment(of: id)
      #expect(payment.capturedWon == 0)
      #expect(payment.attempt == 0)
      #expect(try await town.audit().violations == [])
      await town.close()
    }

    @Test("during the charge: the order ends by its own deadlines, and gets its money back")
    func duringCharge() async throws {
      let site = try Site()
      let slow = "payment: {call_timeout_ms: 20000, simulator: {latency_ms: 3000}}"
      let node = try await site.start("\(Self.config)\n\(slow)")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let order = try await town.place(Town.request("slow"))
      #expect(order.state == .expired)
      let payment = try await eventually("refund") {
        let payment = try await town.payment(of: order.orderID)
        return payment.refundedWon > 0 ? payment : nil
      }
      #expect(payment.capturedWon == Town.total)
      #expect(payment.refundedWon == Town.total)
      #expect(try await town.audit().violations == [])
      await town.close()
    }

    /// An order that is written down while payment's journal cannot be, by a node that is killed
    /// then.
    private func orderWithoutPayment(_ site: Site) async throws -> String {
      let node = try await site.start(Self.config)
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let lock = try Connection(path: "\(site.data)/payment.db", mode: .create)
      try lock.execute("BEGIN IMMEDIATE")
      async let answer = try? town.place(Town.request("cut short"))
      let id = try await eventually("order that waits for its payment") {
        try await town.customer.call(
          DashboardServiceMethods.listCustomerOrders, ListCustomerOrdersRequest(customerID: "c-1")
        ).orders.first?.orderID
      }
      node.kill()
      #expect(await answer == nil)
      await town.close()
      return id
    }
  }
}
