import Domain
import Foundation
import Journal
import Services
import Testing
import Transport
import Views

@testable import Node

@Suite("A node's audit of its view")
struct NodeAuditTests {
  private let scratch = FileManager.default.temporaryDirectory
    .appendingPathComponent("node-audit-\(UUID().uuidString)")

  private func config() throws -> NodeConfig {
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    var config = NodeConfig()
    config.dataDirectory = scratch.path
    return config
  }

  private static func journal(_ name: String) -> MemoryJournal {
    MemoryJournal(
      name: name, epoch: JournalEpoch("\(name)-1"), now: { WallTime(milliseconds: 0) })
  }

  /// Of journals without events, but for those of `store`.
  private func audit(
    _ config: NodeConfig, store: MemoryJournal = journal("store")
  ) -> NodeAudit {
    NodeAudit(
      order: AnyEventSource(Self.journal("order")),
      payment: AnyEventSource(Self.journal("payment")), store: AnyEventSource(store),
      delivery: AnyEventSource(Self.journal("delivery")), config)
  }

  /// A store journal with a ticket of an order that does not exist.
  private func unpaid() async throws -> MemoryJournal {
    let store = Self.journal("store")
    let ticket = TicketOrder(
      order: OrderID(validated: "o-1"), store: StoreID(validated: "store-1"), lines: [],
      total: try Won(9_000), receivedAt: Timestamp(ms: 0))
    let event = try TicketEventCodec().encode(.received(ticket))
    _ = try await store.append(
      Append(
        to: StreamKey(category: "ticket", id: "o-1"), expecting: StreamVersion.none,
        [
          NewEvent(
            id: EventID("ticket/o-1/1"), type: event.type, payload: event.payload,
            metadata: EventMetadata(correlationID: "o-1", causationID: "test"))
        ]))
    return store
  }

  /// Puts an order into the view that no journal has.
  private func plant(_ id: String, in view: LiveOrderView) async throws {
    var effect = OrderEffect()
    effect.stage = OrderStage(code: 10, isTerminal: true)
    let change = OrderChange(
      orderID: id, service: .order, version: 1, at: WallTime(milliseconds: 1),
      event: "OrderDelivered", meaning: .effect(effect))
    let cursor = ViewCursor(partition: 0, position: 1, epoch: JournalEpoch("planted-1"))
    try await view.apply(ViewBatch(source: "planted", changes: [change], cursors: [cursor]))
  }

  @Test("a view that cannot be read now ends it, and is accused of nothing")
  func unavailable() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let audit = audit(try config())
    let error = await #expect(throws: RPCError.self) {
      try await audit.run(grace: .seconds(60))
    }
    #expect(error?.code == .unavailable)
  }

  @Test("a damaged view is a finding, a whole one is not")
  func damaged() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let config = try config()
    let audit = audit(config)
    let dashboard = try NodeDashboard(config, sources: [])
    #expect(try await audit.run(grace: .seconds(60)).violations == [])
    await dashboard.view.close()
    let views = scratch.appendingPathComponent("views")
    let name = try String(
      contentsOf: views.appendingPathComponent("dashboard.current"), encoding: .utf8)
    let file = views.appendingPathComponent(name)
    var bytes = try Data(contentsOf: file)
    // Of the words with which every database begins.
    bytes[0] ^= 0x40
    try bytes.write(to: file)
    let report = try await audit.run(grace: .seconds(60))
    #expect(report.violations.map(\.promise) == ["view"])
  }

  @Test("a view that is not a fold of its journals is a finding, also beside another promise's")
  func differing() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let config = try config()
    let dashboard = try NodeDashboard(config, sources: [])
    try await plant("ghost", in: dashboard.view)
    let found = try await audit(config).run(grace: .seconds(60)).violations
    #expect(found.map(\.promise) == ["view"] && found.map(\.subject) == ["ghost"])
    let more = try await audit(config, store: unpaid()).run(grace: .seconds(60)).violations
    #expect(more.map(\.promise) == ["P1", "view"] && more.map(\.subject) == ["o-1", "ghost"])
    await dashboard.view.close()
  }

  @Test("what was found is told, also when the view cannot be compared")
  func notCompared() async throws {
    defer { try? FileManager.default.removeItem(at: scratch) }
    let report = try await audit(try config(), store: unpaid()).run(grace: .seconds(60))
    #expect(report.violations.map(\.promise) == ["P1"])
    #expect(report.counts.contains { $0.name == "views not compared" })
  }
}
