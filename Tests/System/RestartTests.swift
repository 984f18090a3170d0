import Foundation
import Messages
import NIOPosix
import Services
import Synchronization
import Testing
import Transport

extension SystemTests {
  /// BAEDAL_RESTARTS says how often each node is restarted.
  @Suite("Nodes that are replaced under load")
  struct RestartTests {
    private static var restarts: Int { environmentNumber("BAEDAL_RESTARTS") ?? 3 }

    private static let layout = [
      "front": ["order", "store", "delivery", "dashboard"], "money": ["payment"],
    ]

    @Test(
      "fail no call: what was begun is finished, and what was not waits",
      arguments: ["front", "money"])
    func restarted(_ name: String) async throws {
      let load = try await underLoad { cluster, nodes, load in
        for cycle in 0..<Self.restarts {
          try await until("load after restart \(cycle)") { load.calls > (cycle + 1) * 100 }
          #expect(try await nodes[name]?.stop() == .exit(0))
          nodes[name] = try await cluster.start(name)
        }
        let before = load.calls
        try await until("load after the last restart") { load.calls > before + 100 }
      }
      #expect(load.failures == [], "of \(load.calls)")
      #expect(load.sentAgain == [], "sent again though it may have been begun")
      print("\(name) restarted \(Self.restarts) times: \(load.report)")
    }

    @Test(
      "fail calls when they do not drain, whether killed or told to stop: the test can fail",
      arguments: [true, false])
    func cutOff(_ isKilled: Bool) async throws {
      let load = try await underLoad(config: "drain: {timeout_s: 0}") { cluster, nodes, load in
        for cycle in 0..<20 where load.failures.isEmpty {
          try await until("load") { load.calls > (cycle + 1) * 50 }
          if isKilled { nodes["front"]?.kill() } else { _ = try await nodes["front"]?.stop() }
          nodes["front"] = try await cluster.start("front")
        }
      }
      #expect(!load.failures.isEmpty)
    }

    @Test(
      "are watched on the wire: a call that is sent again though it may have been begun is seen")
    func wiretap() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      await town.close()
      let tap = try await Wiretap(to: node.port)
      let call = Call(
        callID: 1, method: "baedal.order.v1.OrderService/PlaceOrder",
        payload: try Town.request("twice").serialized())
      var sockets: [RawSocket] = []
      for expected in 0..<2 {
        #expect(tap.repeated == max(0, expected - 1))
        let socket = try RawSocket(tap.port)
        try socket.hello()
        try socket.send(.call(call))
        sockets.append(socket)
        try await until("the call on the wire") { tap.calls == expected + 1 }
      }
      #expect(tap.repeated == 1)
      #expect(tap.sentAgain == ["call 1 of connection 1"])
      await tap.close()
    }

    @Test("end streams by going away, and whoever follows one goes on from a cursor of its own")
    func streams() async throws {
      let cluster = try Cluster(Self.layout)
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let town = Town(try #require(nodes["front"]))
      try await town.open()
      let id = try await town.placed("watched").orderID
      let follower = JournalReaderAbroad("order", of: town.port)
      let heads = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await follower.follow() }
        group.addTask { try await Self.watch(id, town) }
        for cycle in 0..<Self.restarts {
          for number in 0..<5 { _ = try await town.placed("cycle \(cycle), \(number)") }
          #expect(try await nodes["front"]?.stop() == .exit(0))
          nodes["front"] = try await cluster.start("front")
        }
        _ = try await eventually("cancel") { try await town.cancel(id) }
        let heads = try await follower.heads()
        try await until("every event") { follower.seen == heads }
        follower.end()
        try await group.waitForAll()
        return heads
      }
      #expect(heads.reduce(0, +) > Self.restarts * 10)
      #expect(follower.wrong == [])
      await follower.close()
      await town.close()
    }

    /// Watches an order until it is cancelled, on as many streams as it takes. What it is told
    /// never goes back.
    private static func watch(_ id: String, _ town: Town) async throws {
      var streams = 0
      var last: OrderState?
      try await until("end of the watched order") {
        streams += 1
        let stream = try await town.customer.stream(
          DashboardServiceMethods.watchOrder, WatchOrderRequest(orderID: id))
        for try await update in stream { last = update.order?.state ?? last }
        return last == .cancelled
      }
      #expect(streams > 1, "the stream went on while the node was away")
    }

    /// Two nodes under load while `body` does to them what it does; the audit is clean afterwards.
    private func underLoad(
      config: String = "",
      _ body: (Cluster, inout [String: NodeProcess], RestartLoad) async throws -> Void
    ) async throws -> RestartLoad {
      let cluster = try Cluster(Self.layout, config: config)
      var nodes = try await cluster.start()
      defer { for node in nodes.values { node.kill() } }
      let front = try #require(nodes["front"])
      let tap = try await Wiretap(to: front.port)
      let town = Town(tap.port, connections: 4)
      try await town.open()
      let load = RestartLoad(tap)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 { group.addTask { await load.order(town, worker) } }
        defer { load.end() }
        try await body(cluster, &nodes, load)
        load.end()
        try await group.waitForAll()
      }
      try await until("clean audit") { try await town.audit().violations.isEmpty }
      await town.close()
      await tap.close()
      return load
    }
  }
}
