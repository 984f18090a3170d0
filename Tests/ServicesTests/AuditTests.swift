import Domain
import Journal
import Messages
import Testing

@testable import Services

@Suite("The audit over damaged journals")
struct AuditTests {
  /// Orders that are paid and known to the store, over journals that a test can damage.
  private struct Books {
    let world: MoneyWorld
    let stores: MemoryJournal
    let deliveries: MemoryJournal
    private(set) var ids: [String] = []

    init(orders count: Int) async throws {
      world = try MoneyWorld()
      stores = OrderWorld.journal("store", world.clock)
      deliveries = OrderWorld.journal("delivery", world.clock)
      for number in 0..<count {
        let id = try await world.place(MoneyWorld.request("k\(number)")).orderID
        try await receive(id)
        ids.append(id)
      }
    }

    private func receive(_ id: String) async throws {
      let order = TicketOrder(
        order: OrderID(validated: id), store: StoreWorld.storeID, lines: try StoreWorld.lines(),
        total: try Won(9_000), receivedAt: world.clock.now)
      let encoded = try TicketEventCodec().encode(.received(order))
      _ = try await stores.append(
        Append(
          to: StreamKey(category: "ticket", id: id), expecting: StreamVersion.none,
          [
            NewEvent(
              id: EventID("ticket/\(id)/1"), type: encoded.type, payload: encoded.payload,
              metadata: EventMetadata(correlationID: id, causationID: "test"))
          ]))
    }

    /// Damages an event of the partition that an order lies on.
    func damage(_ journal: MemoryJournal, of id: String, at position: Position) {
      journal.damage(Partition.holding(id: id, of: journal.partitionCount), position)
    }

    func audit() async throws -> AuditReport {
      try await Audit(
        orders: world.orders, payments: world.payments, stores: stores, deliveries: deliveries,
        at: world.clock.now, grace: .seconds(60)
      ).run()
    }
  }

  @Test(
    "nobody is accused of what lies behind damage, which is told of",
    arguments: ["order", "payment"])
  func cutShort(_ name: String) async throws {
    let books = try await Books(orders: 8)
    #expect(try await books.audit().violations == [])
    let journal = name == "order" ? books.world.orders : books.world.payments
    books.damage(journal, of: try #require(books.ids.first), at: 1)
    #expect(try await books.audit().violations.map(\.promise) == ["journal"])
  }

  @Test("the damaged end of an order is part of the report, not the end of the audit")
  func damagedEnd() async throws {
    let books = try await Books(orders: 1)
    let id = try #require(books.ids.first)
    let world = books.world
    _ = try await world.orderService.cancelOrder(
      CancelOrderRequest(orderID: id), context: world.context())
    try await world.settle()
    #expect(try await books.audit().violations == [])
    // Submitted, placed, cancelled.
    books.damage(world.orders, of: id, at: 3)
    let report = try await books.audit()
    #expect(!report.isClean)
    #expect(report.violations.allSatisfy { $0.promise == "journal" })
    #expect(report.violations.allSatisfy { $0.subject == "order/\(id)" })
  }
}
