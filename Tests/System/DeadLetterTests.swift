import Foundation
import Glibc
import Journal
import JournalSQLite
import Messages
import SQLite
import Services
import Testing
import Transport

extension SystemTests {
  @Suite("Events that cannot be handled")
  struct DeadLetterTests {
    private static let five = [
      "order-1": ["order"], "payment-1": ["payment"], "store-1": ["store"],
      "delivery-1": ["delivery"], "dashboard-1": ["dashboard"],
    ]
    private static let place =
      "order place chicken:1@19000 cola:2 --store store-1 --as customer:c-1"

    @Test("are listed, shown, discarded or replayed from any node, and hold nobody else up")
    func fromAnotherNode() async throws {
      let late = "o" + Digest.name(of: "c-1", "late")
      try await withNodes(ghosts: ["ghost", late]) { cluster, nodes in
        let front = try #require(nodes["dashboard-1"])
        let shell = { try await cluster.site("dashboard-1").run($0, on: front) }
        let letters = try await Self.letters(shell, count: 2)
        let (ghost, other) = (
          try #require(letters["payment/ghost"]), try #require(letters["payment/\(late)"])
        )
        let shown = try await shell("dead-letters show \(ghost)")
        #expect(shown.output.contains("a ghost") && shown.output.contains("order-1"), "\(shown)")

        let unsure = try await shell("dead-letters discard \(ghost)")
        #expect(unsure.isOneLine(exit: 2) && unsure.errors.contains("--yes"), "\(unsure)")
        let discarded = try await shell("dead-letters discard \(ghost) --yes --json")
        #expect(try discarded.message()["node"] as? String == "order-1", "\(discarded)")
        let gone = try await shell("dead-letters discard \(ghost) --yes")
        #expect(gone.isOneLine(exit: 5), "\(gone)")
        let kept = try await shell("dead-letters list --discarded --json")
        #expect(kept.output.contains("discarded by operator/cli"), "\(kept.output)")
        #expect(
          try #require(nodes["order-1"]).child.errors.contains("by=operator/cli"), "not logged")

        let early = try await shell("dead-letters replay \(other)")
        #expect(early.isOneLine(exit: 1), "\(early)")
        #expect(early.errors.contains("still cannot be handled"))
        let all = try await shell("dead-letters replay --all")
        #expect(all.isOneLine(exit: 1) && all.errors.contains(other), "\(all)")

        // What it is about comes about, and takes its course beside the event.
        let town = Town(front)
        try await town.open()
        let placed = try await shell("\(Self.place) --key late --json")
        #expect(try placed.order()["orderId"] as? String == late)
        try await town.acceptAndConfirm(late)
        try await town.cook(late)
        try await town.deliver(late)
        let replayed = try await shell("dead-letters replay --all")
        #expect(replayed.ending == .exit(0), "\(replayed)")
        #expect(replayed.output.contains("\(other): ") && replayed.output.hasSuffix("replayed\n"))
        #expect(try await shell("dead-letters").output == "nothing is set aside\n")
        #expect(try await town.order(late).state == .delivered)
        await town.close()
      }
    }

    @Test("of a store whose ticket was damaged: replayed once it is mended; payment went on")
    func mended() async throws {
      try await withNodes { cluster, nodes in
        let town = Town(try #require(nodes["order-1"]))
        try await town.open()
        let id = try await town.placed("damaged").orderID
        let whole = try await town.placed("whole").orderID
        for id in [id, whole] { try await town.ticket(of: id, reaches: .received) }
        let store = cluster.site("store-1")
        #expect(try await nodes["store-1"]?.stop() == .exit(0))
        try Self.addToChecksum(1, ofTicket: id, in: store)
        nodes["store-1"] = try await cluster.start("store-1")

        for id in [id, whole] { #expect(try await town.cancel(id).state == .cancelled) }
        for id in [id, whole] {
          #expect(try await town.settledPayment(of: id).refundedWon == Town.total)
        }
        try await town.ticket(of: whole, reaches: .withdrawn)
        let front = try #require(nodes["delivery-1"])
        let shell = { try await store.run($0, on: front) }
        let letter = try #require(try await Self.letters(shell, count: 1)["order/\(id)"])
        #expect(letter.hasPrefix("store.order/"))
        let early = try await shell("dead-letters replay \(letter)")
        #expect(early.isOneLine(exit: 1), "\(early)")

        // The page after the letter does not ask order again, which is missing all the same.
        let order = try #require(nodes["order-1"])
        order.child.send(SIGSTOP)
        let pages = try await shell("dead-letters list --all --limit 1")
        order.child.send(SIGCONT)
        #expect(pages.ending == .exit(3) && pages.output.contains(letter), "\(pages)")
        #expect(pages.errors.contains("order on order-1 could not be asked"), "\(pages)")

        #expect(try await nodes["store-1"]?.stop() == .exit(0))
        try Self.addToChecksum(-1, ofTicket: id, in: store)
        nodes["store-1"] = try await cluster.start("store-1")
        // Set aside also after a restart.
        #expect(try await Self.letters(shell, count: 1).values.contains(letter))
        let replayed = try await shell("dead-letters replay \(letter)")
        #expect(replayed.ending == .exit(0), "\(replayed)")
        try await town.ticket(of: id, reaches: .withdrawn)
        try await until("clean audit") { try await town.audit().violations.isEmpty }
        await town.close()
      }
    }

    @Test("of a node that is dead or hangs are missing by name, and the others are listed")
    func unasked() async throws {
      try await withNodes(ghosts: ["ghost"]) { cluster, nodes in
        let front = try #require(nodes["dashboard-1"])
        let shell = { try await cluster.site("dashboard-1").run($0, on: front) }
        _ = try await Self.letters(shell, count: 1)
        nodes["delivery-1"]?.kill()
        let store = try #require(nodes["store-1"])
        store.child.send(SIGSTOP)
        defer { store.child.send(SIGCONT) }
        let clock = ContinuousClock()
        let begun = clock.now
        let list = try await shell("dead-letters list")
        #expect(clock.now - begun < .seconds(10))
        #expect(list.ending == .exit(3), "\(list)")
        #expect(list.output.contains("payment/ghost"), "\(list)")
        let lines = list.errors.split(separator: "\n")
        #expect(lines.count == 2, "\(list.errors)")
        for name in ["store on store-1", "delivery on delivery-1"] {
          #expect(list.errors.contains("\(name) could not be asked"), "\(list.errors)")
        }
        let alone = try await shell("dead-letters list --service order")
        #expect(alone.ending == .exit(0), "\(alone)")
      }
    }

    @Test("come page by page, each once, and by what they are about")
    func pages() async throws {
      let ghosts = (0..<25).map { "ghost-\($0)" }
      try await withNodes(ghosts: ghosts) { cluster, nodes in
        let front = try #require(nodes["payment-1"])
        let shell = { try await cluster.site("payment-1").run($0, on: front) }
        _ = try await Self.letters(shell, count: 25)
        var page = ""
        var seen: [String] = []
        repeat {
          let part = try await shell("dead-letters list --limit 10 --json" + page).message()
          let events = part["events"] as? [[String: Any]] ?? []
          #expect(events.count <= 10)
          seen += events.compactMap { $0["stream"] as? String }
          page = (part["nextPage"] as? String).map { " --page \($0)" } ?? ""
        } while !page.isEmpty
        #expect(seen.count == 25 && Set(seen) == Set(ghosts.map { "payment/\($0)" }))
        let one = try await shell("dead-letters list --about ghost-7 --json").message()
        #expect((one["events"] as? [Any])?.count == 1)
        let none = try await shell("dead-letters --type baedal.order.v1.OrderPlaced")
        #expect(none.output == "nothing is set aside\n", "\(none)")
        for wrong in ["--service weather", "--subscriber weather", "--page weather"] {
          let printed = try await shell("dead-letters list \(wrong)")
          #expect(printed.isOneLine(exit: 1) && printed.errors.contains("weather"), "\(printed)")
        }
        let stranger = try await shell("dead-letters --as customer:c-1")
        #expect(stranger.isOneLine(exit: 5), "\(stranger)")
        let discarded = try await shell("dead-letters discard --all --yes")
        #expect(discarded.output.split(separator: "\n").count == 25, "\(discarded)")
        #expect(try await shell("dead-letters").output == "nothing is set aside\n")
        for command in ["replay --all", "discard --all --yes"] {
          let nothing = try await shell("dead-letters \(command) --json")
          #expect(nothing.ending == .exit(0) && nothing.output.isEmpty, "\(nothing)")
        }
      }
    }
  }
}

extension SystemTests.DeadLetterTests {
  /// Five nodes, after somebody wrote that payments were declined for orders that do not exist:
  /// the order service cannot handle that.
  private func withNodes(
    ghosts: [String] = [], _ body: (Cluster, inout [String: NodeProcess]) async throws -> Void
  ) async throws {
    let cluster = try Cluster(Self.five)
    if !ghosts.isEmpty { try await Self.poison(cluster.site("payment-1"), orders: ghosts) }
    var nodes = try await cluster.start()
    defer { for node in nodes.values { node.kill() } }
    try await body(cluster, &nodes)
  }

  /// The names of what is set aside, by what it is about, once there are so many.
  private static func letters(
    _ shell: (String) async throws -> Printed, count: Int
  ) async throws -> [String: String] {
    try await eventually("\(count) events that are set aside") {
      let list = try await shell("dead-letters list --json")
      guard list.ending == .exit(0) else { return nil }
      let events = try list.message()["events"] as? [[String: Any]] ?? []
      guard events.count == count else { return nil }
      return Dictionary(
        uniqueKeysWithValues: try events.map { event in
          let stream = try #require(event["stream"] as? String)
          let keys = ["subscriber", "partition", "position"]
          return (stream, keys.map { "\(event[$0] ?? 0)" }.joined(separator: "/"))
        })
    }
  }

  private static func poison(_ site: Site, orders: [String]) async throws {
    try FileManager.default.createDirectory(atPath: site.data, withIntermediateDirectories: true)
    let journal = try await SQLiteJournal.open(
      SQLiteJournalOptions(path: "\(site.data)/payment.db", name: "payment"),
      now: { WallTime(milliseconds: 1_760_000_000_000) },
      newEpoch: { JournalEpoch("payment-1") })
    for order in orders {
      let event = NewEvent(
        id: EventID("payment/\(order)/1"), type: PaymentDeclined.fullName,
        payload: try PaymentDeclined(attempt: 1, reason: "a ghost").serialized(),
        metadata: EventMetadata(correlationID: order, causationID: "test"))
      _ = try await journal.append(
        Append(
          to: StreamKey(category: "payment", id: order), expecting: StreamVersion(0), [event]))
    }
    await journal.close()
  }

  /// Damages a ticket in the store's journal, and mends it with the opposite number.
  private static func addToChecksum(_ number: Int, ofTicket id: String, in site: Site) throws {
    let connection = try Connection(path: "\(site.data)/store.db", mode: .create)
    try connection.execute(
      """
      UPDATE events SET checksum = checksum + \(number) WHERE stream IN
        (SELECT no FROM streams WHERE category = 'ticket' AND id = '\(id)')
      """)
  }
}

extension Cluster {
  fileprivate func site(_ name: String) -> Site {
    // Every layout of this file has the name.
    members[name]?.site ?? members.values[members.startIndex].site
  }
}
