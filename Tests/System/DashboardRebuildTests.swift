import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("The dashboard, built anew by command")
  struct DashboardRebuildTests {
    @Test("beside a running node: while orders come in, it answers all the time and misses none")
    func beside() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node, connections: 2)
      try await town.open()
      let first = try await town.placed("first")
      try await town.steps(of: first.orderID, until: "OrderPlaced")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          do {
            while !Task.isCancelled { try await self.ask(town, first.orderID) }
          } catch  where Task.isCancelled {}
        }
        group.addTask { try await self.order(town) }
        for _ in 0..<3 {
          let rebuilt = try await site.run("dashboard rebuild --json", on: node)
          #expect(rebuilt.ending == .exit(0), "\(rebuilt.errors)")
          let messages = try rebuilt.messages()
          #expect(messages.last?["done"] as? Bool == true)
          #expect(messages.dropLast().allSatisfy { $0["done"] == nil })
        }
        // The orders; asking never ends.
        try await group.next()
        group.cancelAll()
      }
      try await until("all orders on the dashboard") {
        let list = try await town.customer.call(
          DashboardServiceMethods.listCustomerOrders,
          ListCustomerOrdersRequest(customerID: "c-1", limit: 100))
        return list.orders.count == Self.orders + 1
          && list.orders.allSatisfy { $0.state == .placed }
      }
      #expect(try await town.audit().violations == [])
      let text = try await site.run("dashboard rebuild", on: node)
      #expect(text.output.hasPrefix("the dashboard was built anew from "))
      #expect(text.errors.isEmpty)
      await town.close()
    }

    @Test("is for operators, and for nodes that run the dashboard")
    func refused() async throws {
      let site = try Site()
      let node = try await site.start("node: {services: [order, payment]}")
      defer { node.kill() }
      let customer = try await site.run("dashboard rebuild --as customer:c-1", on: node)
      #expect(customer.isOneLine(exit: 5), "\(customer)")
      let none = try await site.run("dashboard rebuild", on: node)
      #expect(none.isOneLine(exit: 1), "\(none)")
      let running = try await site.run(["dashboard", "rebuild", "--data", site.data])
      #expect(running.isOneLine(exit: 1), "\(running)")
      #expect(running.errors.contains(site.data))
      let nothing = try await site.run(["dashboard", "rebuild", "--data", "\(site.folder)/no"])
      #expect(nothing.isOneLine(exit: 5), "\(nothing)")
    }

    @Test("in the files of a node that is stopped, also where the view is gone")
    func atRest() async throws {
      let site = try Site()
      let id = try await orderAndStop(site)
      try FileManager.default.removeItem(atPath: "\(site.data)/views")
      let rebuilt = try await site.run(["dashboard", "rebuild", "--data", site.data, "--json"])
      #expect(rebuilt.ending == .exit(0), "\(rebuilt.errors)")
      #expect(try rebuilt.messages().last?["done"] as? Bool == true)
      let audit = try await site.run(["audit", "--data", site.data])
      #expect(audit.ending == .exit(0), "\(audit.output)")
      let node = try await site.start()
      defer { node.kill() }
      let shown = try await site.run("dashboard show \(id) --json", on: node)
      #expect(shown.ending == .exit(0), "\(shown.errors)")
    }

    private static let orders = 60

    /// Orders one after the other, so that they come in over all the rebuilding.
    private func order(_ town: Town) async throws {
      for number in 0..<Self.orders { _ = try await town.placed("during \(number)") }
    }

    private func ask(_ town: Town, _ id: String) async throws {
      let answer = try await town.owner.call(
        DashboardServiceMethods.getOrderTimeline, GetOrderTimelineRequest(orderID: id))
      #expect(answer.order?.state == .placed)
    }

    private func orderAndStop(_ site: Site) async throws -> String {
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let id = try await town.placed("before").orderID
      try await town.steps(of: id, until: "OrderPlaced")
      await town.close()
      #expect(try await node.stop() == .exit(0))
      return id
    }
  }
}
