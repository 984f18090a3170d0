import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("A flipped bit in a journal")
  struct DamageTests {
    private static let address = "찾을 곳 4711"

    @Test("is named by file, stream and position, and never served")
    func flipped() async throws {
      let site = try Site()
      let (broken, whole) = try await orders(at: site)
      try flip(Self.address, in: "\(site.data)/order.db")

      let audit = try site.baedal(["audit", "--data", site.data], name: "audit")
      #expect(try await audit.end() == .exit(4))
      let line = try #require(
        audit.output.split(separator: "\n").first { $0.contains("order.db") }, "\(audit.output)")
      #expect(line.contains("order/\(broken)"))
      #expect(line.contains("position"))
      #expect(!audit.output.contains("never paid"), "\(audit.output)")

      // The node may refuse to start; if it does start, it serves the rest.
      let child = try site.spawn()
      let port = try await eventually("node that listens, or has ended") { () -> Int?? in
        if child.ending != nil { return .some(nil) }
        return Site.port(in: child.output).map { .some($0) }
      }
      guard let port else {
        #expect(child.errors.contains("order.db"))
        return
      }
      let node = NodeProcess(child, port: port)
      defer { node.kill() }
      let town = Town(node)
      await expect(code: .dataLoss) { _ = try await town.order(broken) }
      await expect(code: .dataLoss) { _ = try await town.cancel(broken) }
      #expect(try await town.order(whole).state == .placed)
      _ = try await town.placed("another")
      await town.close()
    }

    @Test("holds up its own order only: services that were away take all the others")
    func setAside() async throws {
      let site = try Site()
      let first = try await site.start()
      let town = Town(first)
      try await town.open()
      await town.close()
      #expect(try await first.stop() == .exit(0))
      let (broken, whole) = try await orders(at: site, "node: {services: [order, payment]}")
      try flip(Self.address, in: "\(site.data)/order.db")

      let node = try await site.start()
      defer { node.kill() }
      let again = Town(node)
      try await again.ticket(of: whole, reaches: .received)
      try await again.steps(of: whole, until: "OrderPlaced")
      let parked = try await eventually("event set aside") { () -> ParkedEvent? in
        try await again.boss.call(AdminServiceMethods.listParked, ListParkedRequest())
          .events.first { $0.service == "store" }
      }
      #expect(parked.stream == "order/\(broken)")
      #expect(parked.reason.contains("order.db"))
      await expect(code: .notFound) { _ = try await again.ticket(of: broken) }
      _ = try await again.placed("another")
      await again.close()
    }

    @Test("of its views keeps a node from nothing: it starts, and builds them anew by itself")
    func views() async throws {
      let site = try Site()
      let first = try await site.start()
      defer { first.kill() }
      let town = Town(first)
      try await town.open()
      let id = try await town.placed("before").orderID
      _ = try await town.steps(of: id, until: "OrderPlaced")
      await town.close()
      #expect(try await first.stop() == .exit(0))
      let lost = ["active": "rider/\(Town.riderID)", "menus": "후라이드치킨", "dashboard": id]
      for (view, text) in lost {
        let pointer = "\(site.data)/views/\(view).current"
        let file = try String(contentsOfFile: pointer, encoding: .utf8)
        try erasePages(holding: text, in: "\(site.data)/views/\(file)")
      }

      let node = try await site.start()
      defer { node.kill() }
      let again = Town(node)
      // While there is no menu, whoever orders is asked to come back.
      let next = try await eventually("order") { try await again.placed("after") }.orderID
      try await again.acceptAndConfirm(next)
      try await again.cook(next)
      try await again.deliver(next)
      for (id, state) in [(id, OrderState.placed), (next, .delivered)] {
        try await until("order \(id) on the dashboard") {
          let answer = try await again.customer.call(
            DashboardServiceMethods.getOrderTimeline, GetOrderTimelineRequest(orderID: id))
          return answer.order?.state == state
        }
      }
      let lines = node.child.errors.split(separator: "\n").filter { $0.contains("built anew") }
      for view in lost.keys { #expect(lines.filter { $0.contains("view=\(view)") }.count == 1) }
      #expect(try await again.audit().violations == [])
      await again.close()
      #expect(try await node.stop() == .exit(0))
    }

    /// Two orders on a node that was stopped in order; they are with the store, if that runs.
    private func orders(
      at site: Site, _ config: String = ""
    ) async throws -> (broken: String, whole: String) {
      let node = try await site.start(config)
      defer { node.kill() }
      let town = Town(node)
      if config.isEmpty { try await town.open() }
      let broken = try await town.place(Town.request("broken", address: Self.address))
      let whole = try await town.placed("whole")
      for order in [broken, whole] where config.isEmpty {
        try await town.ticket(of: order.orderID, reaches: .received)
      }
      await town.close()
      #expect(try await node.stop() == .exit(0))
      return (broken.orderID, whole.orderID)
    }

    /// Makes another digit of the text's last one, wherever it stands in the file: what follows
    /// can still be decoded.
    private func flip(_ text: String, in path: String) throws {
      var content = try Data(contentsOf: URL(fileURLWithPath: path))
      var from = content.startIndex
      var found = 0
      while let range = content.range(of: Data(text.utf8), in: from..<content.endIndex) {
        content[range.upperBound - 1] ^= 0x02
        from = range.upperBound
        found += 1
      }
      try #require(found > 0, "\(path) does not hold the order")
      try content.write(to: URL(fileURLWithPath: path))
    }
  }
}
