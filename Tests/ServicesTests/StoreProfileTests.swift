import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Stores and menus")
struct StoreProfileTests {
  static func item(_ id: String, _ price: Int64) throws -> Domain.MenuItem {
    Domain.MenuItem(
      id: MenuItemID(validated: id), name: "메뉴 \(id)", price: try Won(price), description: "")
  }

  @Test("an owner registers, fills the menu, sells out, pauses; everyone sees it")
  func owner() async throws {
    let world = StoreWorld()
    let registered = try await world.change(.register(try StoreWorld.details()))
    #expect(registered.openNow && registered.details?.name == "김밥천국")
    #expect(registered.details?.openingHours.count == 7)
    try await world.change(.putMenuItem(try Self.item("a", 4_500)))
    try await world.change(.putMenuItem(try Self.item("b", 5_000)))
    let soldOut = try await world.change(.markSoldOut(MenuItemID(validated: "a")))
    #expect(soldOut.items.map(\.soldOut) == [true, false])
    #expect(try await world.change(.restock(MenuItemID(validated: "a"))).items[0].soldOut == false)
    try await world.change(.removeMenuItem(MenuItemID(validated: "b")))
    let paused = try await world.change(.pause(reason: "바쁨"))
    #expect(paused.paused && !paused.openNow && paused.pausedReason == "바쁨")
    try await world.change(.resume)

    world.restart()
    let seen = try await world.stores.withReplica(for: "store-1", .continuing) {
      (replica) throws(RPCError) in
      try await replica.get(StoreWorld.storeID)
    }
    #expect(seen.store?.items.map(\.itemID) == ["a"])
    #expect(seen.store?.menuVersion == 8)
    #expect(seen.store?.openNow == true)
  }

  @Test("only the owner and an operator change a store")
  func others() async throws {
    let world = StoreWorld()
    let register = StoreProfileCommand.register(try StoreWorld.details())
    #expect(
      await refusal { try await world.change(register, by: StoreWorld.other) }
        == .permissionDenied)
    #expect(await refusal { try await world.change(.resume) } == .notFound)
    try await world.change(register)
    let commands: [StoreProfileCommand] = [
      .changeProfile(try StoreWorld.details("다른 집")), .putMenuItem(try Self.item("a", 100)),
      .removeMenuItem(MenuItemID(validated: "a")), .markSoldOut(MenuItemID(validated: "a")),
      .restock(MenuItemID(validated: "a")), .pause(reason: ""), .resume,
    ]
    for command in commands {
      for who in [StoreWorld.other, .customer(CustomerID(validated: "store-1"))] {
        let status = await refusal { try await world.change(command, by: who) }
        #expect(status == .permissionDenied, "\(command.kind) by \(who)")
      }
    }
    let changed = try await world.change(
      .changeProfile(try StoreWorld.details("다른 집")), by: .operator("op"))
    #expect(changed.details?.name == "다른 집")
  }

  @Test("every store and ticket event is read back as it was written")
  func codecs() throws {
    let details = try StoreWorld.details()
    let item = try Self.item("a", 4_500)
    let profile: [StoreProfileEvent] = [
      .registered(details), .profileChanged(details), .menuItemPut(item),
      .menuItemRemoved(item.id), .menuItemSoldOut(item.id), .menuItemRestocked(item.id),
      .paused(reason: "바쁨"), .resumed,
    ]
    #expect(Set(profile.map(\.kind)) == Set(StoreProfileEventKind.allCases))
    for event in profile {
      let encoded = try StoreProfileEventCodec().encode(event)
      #expect(encoded.type == "baedal.store.v1.\(event.kind.rawValue)")
      #expect(
        try StoreProfileEventCodec().decode(type: encoded.type, payload: encoded.payload) == event)
    }
    let order = TicketOrder(
      order: OrderID(validated: "o1"), store: StoreWorld.storeID, lines: try StoreWorld.lines(),
      total: try Won(9_000), receivedAt: Timestamp(ms: 5))
    let tickets: [TicketEvent] = [
      .received(order), .accepted(etaMinutes: 20), .refused(reason: "r"), .confirmed,
      .withdrawn(reason: "w"), .cookingStarted, .cookingFinished, .cancelAsked(reason: "c"),
      .cancelAgreed, .cancelDeclined, .closed,
      .refundOffered(
        number: 2, items: [Domain.OfferedItem(item: item.id, quantity: 3)], reason: "r"),
      .offerAnswered(Domain.OfferAnswer(number: 2, accepted: false)),
    ]
    #expect(Set(tickets.map(\.kind)) == Set(TicketEventKind.allCases))
    for event in tickets {
      let encoded = try TicketEventCodec().encode(event)
      #expect(encoded.type == "baedal.store.v1.\(event.kind.rawValue)")
      #expect(try TicketEventCodec().decode(type: encoded.type, payload: encoded.payload) == event)
    }
  }
}
