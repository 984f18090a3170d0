import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Deliveries")
struct DeliveryRoadTests {
  let id = OrderID(validated: "o1")
  let kim = RiderID(validated: "kim")
  let lee = RiderID(validated: "lee")

  @Test("an accepted order is offered, claimed, started, picked up and delivered")
  func wholeRoad() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.accept(id)
    let offered = try await world.show(id, to: .rider(kim))
    #expect(offered.state == .offered && offered.riderID == "kim" && offered.offers == 1)
    #expect(offered.offeredUntilMs == world.clock.now.ms + 30_000)
    #expect(offered.address.isEmpty, "who is only asked does not see the address")

    let claimed = try await world.step(.claim(rider: kim), id, by: kim)
    #expect(claimed.state == .assigned && claimed.address == "역삼로 1")
    #expect(
      await refusal { try await world.step(.start(rider: kim), id, by: kim) }
        == .failedPrecondition)
    try await world.record(id, .cookingStarted, .cookingFinished)
    try await world.settle()
    #expect(try await world.step(.start(rider: kim), id, by: kim).foodReady)
    #expect(
      await refusal { try await world.step(.complete(rider: kim), id, by: kim) }
        == .failedPrecondition)
    try await world.step(.pickUp(rider: kim), id, by: kim)
    #expect(try await world.step(.complete(rider: kim), id, by: kim).state == .delivered)
    #expect(
      try await world.road(id) == [
        "DeliveryOpened", "DeliveryOffered", "DeliveryAssigned", "DeliveryFoodReady",
        "DeliveryStarted", "DeliveryPickedUp", "DeliveryCompleted",
      ])
    #expect(try await world.list(kim).isEmpty)
    #expect(await world.service.dispatcher.counts == (deliveries: 0, riders: 1))
  }

  @Test("what the order recorded, delivered twice and replayed, has no second effect")
  func redelivery() async throws {
    let world = DeliveryWorld()
    world.deliveries = 2
    try await world.online(kim)
    try await world.online(lee)
    try await world.accept(id)
    try await world.step(.declineOffer(rider: kim), id, by: kim)
    try await world.step(.claim(rider: lee), id, by: lee)
    try await world.record(id, .cookingStarted, .cookingFinished)
    try await world.settle()
    try await world.step(.start(rider: lee), id, by: lee)
    try await world.record(id, .cancelled(by: .operator, reason: "사고"))
    try await world.settle()
    let road = try await world.road(id)
    #expect(
      road == [
        "DeliveryOpened", "DeliveryOffered", "DeliveryOfferDeclined", "DeliveryOffered",
        "DeliveryAssigned", "DeliveryFoodReady", "DeliveryStarted", "DeliveryReleased",
      ])
    world.restart()
    world.rewind(DeliverySaga.orderSubscriber)
    world.rewind(Dispatcher.subscriber)
    try await world.settle()
    #expect(try await world.road(id) == road)
  }

  @Test("an order that ended before it was accepted leaves no trace")
  func neverAccepted() async throws {
    let world = DeliveryWorld()
    try await world.record(
      id, .submitted(try StoreWorld.draft(id)), .cancelled(by: .customer, reason: ""))
    try await world.settle()
    #expect(try await world.delivery.heads().allSatisfy { $0 == .start })
    #expect(await refusal { _ = try await world.show(id) } == .notFound)
  }

  @Test("another rider can neither see nor move an assigned delivery")
  func otherRider() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.accept(id)
    try await world.step(.claim(rider: kim), id, by: kim)
    let commands: [DeliveryCommand] = [
      .claim(rider: kim), .declineOffer(rider: kim), .start(rider: kim), .pickUp(rider: kim),
      .complete(rider: kim), .start(rider: lee), .pickUp(rider: lee), .complete(rider: lee),
      .unassign(reason: ""),
    ]
    for command in commands {
      let status = await refusal { try await world.step(command, id, by: lee) }
      #expect(status == .notFound, "\(command)")
    }
    for who in [
      Domain.Principal.rider(lee), .customer(CustomerID(validated: "customer-1")),
      .store(StoreWorld.storeID),
    ] {
      let status = await refusal { _ = try await world.show(id, to: who) }
      #expect(status == .notFound, "\(who)")
    }
    #expect(try await world.show(id, to: .rider(kim)).address == "역삼로 1")
    #expect(
      await refusal { try await world.rider(.goOffline, kim, by: .rider(lee)) }
        == .notFound)
  }

  @Test("every delivery and rider event is read back as it was written")
  func codecs() throws {
    let until = Timestamp(ms: 7)
    let events: [DeliveryEvent] = [
      .opened(
        DeliveryJob(order: id, store: StoreWorld.storeID, area: try Area("역삼동"), address: "1")),
      .offered(rider: kim, until: until, round: 3), .offerDeclined(rider: kim),
      .offerExpired(rider: kim, round: 3), .assigned(rider: kim), .foodReady,
      .started(rider: kim), .pickedUp(rider: kim), .completed(rider: kim),
      .unassigned(rider: kim, reason: "r"), .released(reason: "r"), .escalated,
    ]
    #expect(Set(events.map(\.kind)) == Set(DeliveryEventKind.allCases))
    for event in events {
      let encoded = try DeliveryEventCodec().encode(event)
      #expect(encoded.type == "baedal.delivery.v1.\(event.kind.rawValue)")
      #expect(
        try DeliveryEventCodec().decode(type: encoded.type, payload: encoded.payload) == event)
    }
    let profile = Domain.RiderProfile(id: kim, name: "김", areas: [try Area("역삼동")])
    let riders: [RiderEvent] = [
      .registered(profile), .profileChanged(profile), .wentOnline, .wentOffline,
    ]
    #expect(Set(riders.map(\.kind)) == Set(RiderEventKind.allCases))
    for event in riders {
      let encoded = try RiderEventCodec().encode(event)
      #expect(encoded.type == "baedal.delivery.v1.\(event.kind.rawValue)")
      #expect(try RiderEventCodec().decode(type: encoded.type, payload: encoded.payload) == event)
    }
    #expect(throws: (any Error).self) {
      try DeliveryEventCodec().decode(type: "baedal.delivery.v1.Unheard", payload: [])
    }
  }
}
