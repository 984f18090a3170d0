import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Tickets follow their orders")
struct StoreTicketTests {
  let id = OrderID(validated: "o1")

  @Test("a paid order reaches its store, is accepted, confirmed, cooked and leaves")
  func wholeRoad() async throws {
    let world = StoreWorld()
    try await world.place(id)
    try await world.settle()
    let received = try await world.ticket(id)
    #expect(received.state == .received)
    #expect(received.totalWon == 9_000)
    #expect(received.lines.map(\.name) == ["김밥"])
    #expect(received.receivedAtMs == world.clock.now.ms)

    #expect(try await world.ticket(.accept(etaMinutes: 20), id).state == .acceptRequested)
    #expect(await refusal { try await world.ticket(.startCooking, id) } == .failedPrecondition)
    try await world.record(id, try StoreWorld.accepted())
    try await world.settle()
    #expect(try await world.ticket(id).state == .confirmed)
    #expect(try await world.ticket(.startCooking, id).state == .cooking)
    #expect(try await world.ticket(.finishCooking, id).state == .ready)
    try await world.record(id, .pickedUp(rider: RiderID(validated: "r1")))
    try await world.settle()
    #expect(
      try await world.road(id) == [
        "TicketReceived", "TicketAccepted", "TicketConfirmed", "TicketCookingStarted",
        "TicketCookingFinished", "TicketClosed",
      ])
  }

  @Test("a refused ticket stays refused, also when the order says so afterwards")
  func refuse() async throws {
    let world = StoreWorld()
    try await world.place(id)
    try await world.settle()
    #expect(try await world.ticket(.refuse(reason: "재료 없음"), id).state == .refused)
    try await world.record(id, .rejected(.storeRefused("재료 없음")))
    try await world.settle()
    #expect(try await world.road(id) == ["TicketReceived", "TicketRefused"])
    #expect(
      await refusal { try await world.ticket(.accept(etaMinutes: 5), id) } == .failedPrecondition)
  }

  @Test("a cancel that beats the acceptance withdraws the ticket wholly")
  func withdrawRace() async throws {
    let world = StoreWorld()
    try await world.place(id)
    try await world.settle()
    // The owner accepts while the customer's cancel is on its way: the order decides.
    try await world.ticket(.accept(etaMinutes: 20), id)
    try await world.record(id, .cancelled(by: .customer, reason: "마음이 바뀜"))
    try await world.settle()
    let ticket = try await world.ticket(id)
    #expect(ticket.state == .withdrawn)
    #expect(ticket.reason == "마음이 바뀜")
    #expect(await refusal { try await world.ticket(.startCooking, id) } == .failedPrecondition)
    #expect(
      await refusal { try await world.ticket(.accept(etaMinutes: 5), id) } == .failedPrecondition)
  }

  @Test(
    "an order that was never paid leaves no trace at the store",
    arguments: [
      OrderEvent.cancelled(by: .customer, reason: ""), .rejected(.paymentDeclined("no money")),
      .rejected(.storeSilent), .expired(.notPaid),
    ])
  func neverPlaced(ending: OrderEvent) async throws {
    let world = StoreWorld()
    try await world.record(id, .submitted(try StoreWorld.draft(id)), ending)
    try await world.settle()
    #expect(try await world.store.heads().allSatisfy { $0 == .start })
    let loaded = try await world.store.load(.init(category: "ticket", id: id.rawValue))
    #expect(loaded.events.isEmpty && loaded.marks.isEmpty)
    #expect(await refusal { _ = try await world.ticket(id) } == .notFound)
  }

  /// A store that has accepted, and is asked to let the customer out.
  private func cancelAsked() async throws -> StoreWorld {
    let world = StoreWorld()
    try await world.place(id)
    try await world.settle()
    try await world.ticket(.accept(etaMinutes: 20), id)
    try await world.record(id, try StoreWorld.accepted(), .cancelRequested(reason: "늦음"))
    try await world.settle()
    #expect(try await world.ticket(id).state == .cancelAsked)
    return world
  }

  @Test("a customer who wants out is answered by the store", arguments: [true, false])
  func cancelAsked(agrees: Bool) async throws {
    let world = try await cancelAsked()
    let answered = try await world.ticket(agrees ? .agreeCancel : .declineCancel, id)
    #expect(answered.state == (agrees ? .withdrawn : .confirmed))
  }

  @Test("a wish that its order has declined is asked no more, and the store cooks on")
  func cancelDeclined() async throws {
    let world = try await cancelAsked()
    try await world.record(id, .cancelDeclined)
    try await world.settle()
    #expect(try await world.ticket(id).state == .confirmed)
    #expect(await refusal { try await world.ticket(.agreeCancel, id) } == .failedPrecondition)
    #expect(try await world.ticket(.startCooking, id).state == .cooking)
    // Cooking declines a wish too, and needs no word of the order's.
    try await world.record(id, .cancelRequested(reason: "늦음"), .cancelDeclined, .cookingStarted)
    try await world.settle()
    #expect(try await world.ticket(id).state == .cooking)
  }

  @Test("what the order recorded, delivered twice and replayed, has no second effect")
  func redelivery() async throws {
    let world = StoreWorld()
    world.deliveries = 2
    try await world.place(id)
    try await world.settle()
    try await world.ticket(.accept(etaMinutes: 20), id)
    try await world.record(id, try StoreWorld.accepted(), .cancelRequested(reason: "늦음"))
    try await world.settle()
    try await world.ticket(.declineCancel, id)
    try await world.ticket(.startCooking, id)
    try await world.ticket(.finishCooking, id)
    try await world.record(id, .pickedUp(rider: RiderID(validated: "r1")))
    try await world.settle()
    let road = try await world.road(id)
    #expect(
      road == [
        "TicketReceived", "TicketAccepted", "TicketConfirmed", "TicketCancelAsked",
        "TicketCancelDeclined", "TicketCookingStarted", "TicketCookingFinished", "TicketClosed",
      ])
    try await world.replay()
    world.restart()
    try await world.replay()
    #expect(try await world.road(id) == road)
  }

  @Test("another store can neither see nor touch a ticket")
  func otherStore() async throws {
    let world = StoreWorld()
    try await world.place(id)
    try await world.settle()
    let commands: [TicketCommand] = [
      .accept(etaMinutes: 20), .refuse(reason: ""), .startCooking, .finishCooking, .agreeCancel,
      .declineCancel,
    ]
    for command in commands {
      let status = await refusal { try await world.ticket(command, id, by: StoreWorld.other) }
      #expect(status == .notFound, "\(command.kind)")
    }
    for who in [StoreWorld.other, .customer(CustomerID(validated: "customer-1"))] {
      let status = await refusal { _ = try await world.ticket(id, by: who) }
      #expect(status == .notFound, "\(who)")
    }
    #expect(try await world.ticket(id, by: .operator("op")).state == .received)
    #expect(try await world.road(id) == ["TicketReceived"])
  }

  @Test("an event that cannot be read is an error, never skipped")
  func unreadable() async throws {
    let world = StoreWorld()
    #expect(throws: (any Error).self) {
      try TicketEventCodec().decode(type: "baedal.store.v1.TicketLost", payload: [])
    }
    #expect(throws: (any Error).self) {
      try TicketEventCodec().decode(type: TicketReceived.fullName, payload: [0xff, 0xff])
    }
    // A message in order whose values are not.
    let bytes = try TicketReceived(orderID: "no spaces allowed").serialized()
    #expect(throws: (any Error).self) {
      try TicketEventCodec().decode(type: TicketReceived.fullName, payload: bytes)
    }
    #expect(await refusal { _ = try await world.ticket(id) } == .notFound)
  }
}
