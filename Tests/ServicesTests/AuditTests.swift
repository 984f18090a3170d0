import Domain
import Journal
import Messages
import Testing

@testable import Services

@Suite("The audit")
struct AuditTests {
  @Test("every broken promise is found, as that one and of whom", arguments: BrokenBooks.allCases)
  func broken(_ broken: BrokenBooks) async throws {
    let world = try await AuditWorld(orders: 1)
    #expect(try await world.audit().violations == [])
    let expected = try await broken.happen(in: world)
    let report = try await world.audit()
    #expect(report.findings == [expected], "\(report.violations)")
  }

  @Test("nobody is accused of what only looks strange", arguments: SoundBooks.allCases)
  func sound(_ sound: SoundBooks) async throws {
    let world = try await AuditWorld(orders: 1)
    try await sound.happen(in: world)
    #expect(try await world.audit().violations == [])
  }

  @Test("a refund that is under way is counted, and held against nobody while it has time")
  func underWay() async throws {
    let world = try await AuditWorld(orders: 1)
    let id = try #require(world.ids.first)
    try await world.cancel(id)
    try await world.withdraw(id)
    world.pass(.seconds(60))
    let report = try await world.audit()
    #expect(report.violations == [])
    #expect(report.counts.contains { $0.name == "refunds under way" && $0.value == 1 })
    world.pass(.milliseconds(1))
    #expect(try await world.audit().findings == ["P3 \(id)"])
  }

  @Test(
    "food that came though its order was given up on the way is told of, and held against nobody",
    arguments: [Role.operator, .service])
  func givenUp(by role: Role) async throws {
    let world = try await AuditWorld(orders: 1)
    let id = try #require(world.ids.first)
    try await world.giveUp(id, by: role)
    try await world.arrive(id)
    world.pass(.seconds(120))
    let report = try await world.audit()
    #expect(report.violations == [])
    let told = report.counts.first { $0.name == "orders cancelled though delivered" }
    #expect(told?.value == 1)
  }

  @Test("an order that was placed since its journal was read is not missed")
  func placedMeanwhile() async throws {
    let world = try await AuditWorld(orders: 0)
    let id = try await world.money.place(MoneyWorld.request("k1")).orderID
    world.pass(.seconds(120))
    let earlier = SeenOtherwise(base: world.money.orders) { _ in [] }
    #expect(try await world.audit(orders: earlier).violations == [])
    #expect(try await world.audit().counts.contains { $0.name == "orders" && $0.value == 1 })
    // Of a journal that was put back from an older copy it would be.
    let copy = OrderWorld.journal("order", world.money.clock)
    #expect(try await world.audit(orders: copy).findings == ["P2 \(id)"])
  }
}

@Suite("The audit over damaged journals")
struct DamageAuditTests {
  /// Two orders of one partition, in the order in which they were placed.
  private func neighbours(in world: AuditWorld) throws -> (String, String) {
    let groups = Dictionary(grouping: world.ids) { world.partition(of: $0) }
    let group = try #require(groups.values.first { $0.count > 1 })
    return (group[0], group[1])
  }

  @Test(
    "nobody is accused of what lies behind damage, which is told of",
    arguments: ["order", "payment"])
  func hidden(_ name: String) async throws {
    let world = try await AuditWorld(orders: 8)
    #expect(try await world.audit().violations == [])
    let journal = name == "order" ? world.money.orders : world.money.payments
    world.damage(journal, of: try #require(world.ids.first), at: 1)
    #expect(try await world.audit().violations.map(\.promise) == ["journal"])
  }

  @Test("the damaged end of an order is part of the report, not the end of the audit")
  func damagedEnd() async throws {
    let world = try await AuditWorld(orders: 1)
    let id = try #require(world.ids.first)
    _ = try await world.money.orderService.cancelOrder(
      CancelOrderRequest(orderID: id), context: world.money.context())
    try await world.money.settle()
    #expect(try await world.audit().violations == [])
    // Submitted, placed, cancelled.
    world.damage(world.money.orders, of: id, at: 3)
    world.pass(.seconds(7200))
    let report = try await world.audit()
    #expect(report.findings == ["journal order/\(id)"])
    #expect(report.counts.contains { $0.name == "order streams not judged" && $0.value == 1 })
  }

  @Test("what lies behind another's damage is read, and judged")
  func readOn() async throws {
    let world = try await AuditWorld(orders: 8)
    let (damaged, behind) = try neighbours(in: world)
    try await world.cancel(behind)
    try await world.withdraw(behind)
    world.pass(.seconds(120))
    world.damage(world.money.orders, of: damaged, at: 1)
    let report = try await world.audit()
    #expect(report.findings == ["journal order/\(damaged)", "P3 \(behind)"])
  }

  @Test("where nobody can tell whose event is damaged, nobody of the partition is accused")
  func unknownStream() async throws {
    let world = try await AuditWorld(orders: 8)
    let (first, second) = try neighbours(in: world)
    try await world.cancel(second)
    world.pass(.seconds(7200))
    // Nobody's, and one that cannot be of the stream whose name it bears: it has come elsewhere.
    for stream in [nil, StreamKey(category: "order", id: second)] {
      let journal = SeenOtherwise(base: world.money.orders) { (events) throws(JournalError) in
        guard let event = events.first, event.stream.id == first else { return events }
        throw .corrupt(
          Corruption(
            file: "order", stream: stream, version: 7, partition: event.partition,
            position: event.position, detail: "planted"))
      }
      let mates = world.ids.filter { world.partition(of: $0) == world.partition(of: first) }
      let found = try await world.audit(orders: journal).findings
      #expect(found.contains("journal \(stream?.text ?? "order")"))
      for mate in mates {
        #expect(found.allSatisfy { !$0.hasPrefix("P") || !$0.hasSuffix(mate) }, "\(found)")
      }
    }
  }

  @Test("a version that is missing is told of, and its order is not judged")
  func versionGap() async throws {
    let world = try await AuditWorld(orders: 1)
    let id = try #require(world.ids.first)
    let journal = SeenOtherwise(base: world.money.orders) { events in
      events.map { $0.version < 2 ? $0 : $0.moved(toVersion: $0.version.advanced(by: 1)) }
    }
    world.pass(.seconds(7200))
    let report = try await world.audit(orders: journal)
    #expect(report.findings == ["journal order/\(id)"])
    #expect(report.violations.first?.text == "version 3 follows 1")
  }

  @Test("a hole in a partition is told of, and nobody is accused of what may have stood there")
  func hole() async throws {
    let world = try await AuditWorld(orders: 1)
    let id = try #require(world.ids.first)
    let journal = SeenOtherwise(base: world.money.orders) { events in
      events.filter { $0.position != 1 }
    }
    world.pass(.seconds(7200))
    let found = try await world.audit(orders: journal).findings
    #expect(found == ["journal order", "journal order/\(id)"])
  }

  @Test("what may only be late is a finding when two looks have it, everything else at once")
  func confirmed() {
    func report(_ found: [String]) -> AuditReport {
      var report = AuditReport()
      report.count("orders", Int64(found.count))
      for id in found { report.add(String(id.prefix(2)), id, "as it was at look \(found.count)") }
      return report
    }
    let first = report(["P4 a", "P4 b", "P3 c"])
    let second = report(["P4 b", "P4 d", "P1 e", "P3 c"])
    let both = second.confirmed(by: first, ["P3", "P4"])
    #expect(both.violations.map(\.subject) == ["P4 b", "P1 e", "P3 c"])
    #expect(both.violationCount == 3 && both.counts.map(\.value) == [4])
    #expect(report([]).confirmed(by: first, ["P3", "P4"]).isClean)
    // More than are listed: the one that is missing there may have been found.
    let many = report((0...AuditReport.violationsMax).map { "P4 \($0)" })
    #expect(report(["P4 x"]).confirmed(by: many, ["P4"]).violationCount == 1)
  }
}

extension RecordedEvent {
  fileprivate func moved(toVersion version: StreamVersion) -> RecordedEvent {
    RecordedEvent(
      partition: partition, position: position, stream: stream, version: version, id: id,
      type: type, payload: payload, metadata: metadata, recordedAt: recordedAt)
  }
}
