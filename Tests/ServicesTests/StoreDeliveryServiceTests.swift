import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Store and delivery as they are called")
struct StoreDeliveryServiceTests {
  static func call(as who: Domain.Principal) -> CallContext {
    CallContext(local: who.onTheWire, clock: .system)
  }
  static let nobody = CallContext(local: .anonymous, clock: .system)
  static let owner = call(as: StoreWorld.owner)
  static let kim = call(as: .rider(RiderID(validated: "kim")))

  @Test("a store is kept by its owner's calls, and read by anybody")
  func store() async throws {
    let world = StoreWorld()
    let service = StoreService(stores: world.stores, tickets: world.tickets)
    let details = Messages.StoreDetails(
      storeID: "store-1", name: "김밥천국", areas: ["역삼동"], minimumOrderWon: 8_000,
      openingHours: [OpenInterval(weekday: 5, opensMinute: 1080, closesMinute: 1560)])
    let register = RegisterStoreRequest(details: details)
    _ = try await service.registerStore(register, context: Self.owner)
    let item = Messages.MenuItem(itemID: "a", name: "김밥", priceWon: 4_500)
    _ = try await service.putMenuItem(
      PutMenuItemRequest(storeID: "store-1", item: item), context: Self.owner)
    _ = try await service.setSoldOut(
      SetSoldOutRequest(storeID: "store-1", itemID: "a", soldOut: true), context: Self.owner)
    let seen = try await service.getStore(
      GetStoreRequest(storeID: "store-1"), context: Self.nobody)
    #expect(seen.store?.details == details)
    #expect(seen.store?.items.map(\.soldOut) == [true])

    #expect(
      await refusal { _ = try await service.registerStore(register, context: Self.nobody) }
        == .unauthenticated)
    #expect(
      await refusal { _ = try await service.registerStore(register, context: Self.kim) }
        == .permissionDenied)
  }

  @Test(
    "what is no store is refused by name of the field",
    arguments: [
      nil, Messages.StoreDetails(storeID: "no such id", name: "x", areas: ["a"]),
      Messages.StoreDetails(storeID: "store-1", name: "", areas: ["a"]),
      Messages.StoreDetails(storeID: "store-1", name: "x", areas: []),
      Messages.StoreDetails(storeID: "store-1", name: "x", areas: ["a"], minimumOrderWon: -1),
      Messages.StoreDetails(
        storeID: "store-1", name: "x", areas: ["a"], openingHours: [OpenInterval(weekday: 8)]),
      Messages.StoreDetails(
        storeID: "store-1", name: "x", areas: ["a"],
        openingHours: [OpenInterval(weekday: 1, opensMinute: .max, closesMinute: .max)]),
    ])
  func malformed(details: Messages.StoreDetails?) async throws {
    let world = StoreWorld()
    let service = StoreService(stores: world.stores, tickets: world.tickets)
    let status = await refusal {
      _ = try await service.registerStore(
        RegisterStoreRequest(details: details), context: Self.owner)
    }
    #expect(status == .invalidArgument)
    #expect(try await world.store.heads().allSatisfy { $0 == .start })
  }

  @Test("the owner works through a ticket by calls")
  func tickets() async throws {
    let world = StoreWorld()
    let id = OrderID(validated: "o1")
    let service = StoreService(stores: world.stores, tickets: world.tickets)
    try await world.place(id)
    try await world.settle()
    let ticket = TicketRequest(orderID: "o1")
    _ = try await service.acceptTicket(
      AcceptTicketRequest(orderID: "o1", etaMinutes: 20), context: Self.owner)
    #expect(
      await refusal {
        _ = try await service.refuseTicket(
          RefuseTicketRequest(orderID: "o1", reason: ""), context: Self.owner)
      } == .failedPrecondition)
    try await world.record(id, try StoreWorld.accepted(), .cancelRequested(reason: ""))
    try await world.settle()
    _ = try await service.answerCancel(
      AnswerCancelRequest(orderID: "o1", agree: false), context: Self.owner)
    _ = try await service.startCooking(ticket, context: Self.owner)
    let ready = try await service.finishCooking(ticket, context: Self.owner)
    #expect(ready.ticket?.state == .ready)
    #expect(try await service.getTicket(ticket, context: Self.owner) == ready)
    #expect(
      await refusal { _ = try await service.getTicket(ticket, context: Self.nobody) }
        == .unauthenticated)
  }

  @Test("an offer that is sent again after its answer is no second one")
  func offerAgain() async throws {
    let world = StoreWorld()
    let id = OrderID(validated: "o1")
    let service = StoreService(stores: world.stores, tickets: world.tickets)
    try await world.place(id)
    try await world.settle()
    try await world.ticket(.accept(etaMinutes: 20), id)
    try await world.record(id, try StoreWorld.accepted())
    try await world.settle()
    let item = Messages.OfferedItem(itemID: "kimbap", quantity: 1)
    var request = OfferRefundRequest(orderID: "o1", items: [item], reason: "품절", number: 1)
    let offered = try await service.offerRefund(request, context: Self.owner)
    #expect(offered.ticket?.offers.map(\.number) == [1])
    try await world.record(id, .refundDeclined(number: 1))
    try await world.settle()
    let again = try await service.offerRefund(request, context: Self.owner)
    #expect(again.ticket?.offers.map(\.answer) == [.declined])
    request.reason = "떨어뜨림"
    let refused: [(UInt32, StatusCode)] = [(1, .alreadyExists), (.max, .invalidArgument)]
    for (number, status) in refused {
      request.number = number
      let offer = request
      #expect(
        await refusal { _ = try await service.offerRefund(offer, context: Self.owner) } == status)
    }
    request.number = 0
    let next = try await service.offerRefund(request, context: Self.owner)
    #expect(next.ticket?.offers.map(\.number) == [1, 2])
  }

  @Test("a rider registers, lists, claims and delivers by calls")
  func rider() async throws {
    let world = DeliveryWorld()
    let id = OrderID(validated: "o1")
    let service = DeliveryService(
      deliveries: world.service.deliveries, riders: world.service.riders,
      dispatcher: world.service.dispatcher)
    let me = RiderRequest(riderID: "kim")
    let delivery = DeliveryRequest(orderID: "o1", riderID: "kim")
    try await world.accept(id)
    #expect(
      await refusal { _ = try await service.claimDelivery(delivery, context: Self.kim) }
        == .notFound, "a rider has to register first")
    _ = try await service.registerRider(
      RegisterRiderRequest(
        profile: Messages.RiderProfile(riderID: "kim", name: "김", areas: ["역삼동"])),
      context: Self.kim)
    let list = ListDeliveriesRequest(riderID: "kim")
    let waiting = try await service.listDeliveries(list, context: Self.kim)
    #expect(waiting.deliveries.map(\.state) == [.waiting])
    #expect(waiting.deliveries.map(\.address) == [""])
    #expect(try await service.goOnline(me, context: Self.kim).rider?.online == true)
    try await world.settle()
    #expect(
      try await service.listDeliveries(list, context: Self.kim).deliveries.map(\.state)
        == [.offered])
    _ = try await service.claimDelivery(delivery, context: Self.kim)
    try await world.record(id, .cookingStarted, .cookingFinished)
    try await world.settle()
    let carried = try await service.listDeliveries(list, context: Self.kim)
    #expect(carried.deliveries.map(\.address) == ["역삼로 1"])
    _ = try await service.startDelivery(delivery, context: Self.kim)
    _ = try await service.pickUp(delivery, context: Self.kim)
    let done = try await service.completeDelivery(delivery, context: Self.kim)
    #expect(done.delivery?.state == .delivered)
    #expect(
      try await service.getDelivery(GetDeliveryRequest(orderID: "o1"), context: Self.kim) == done)
    #expect(try await service.goOffline(me, context: Self.kim).rider?.online == false)
    let lee = Self.call(as: .rider(RiderID(validated: "lee")))
    for status in [
      await refusal { _ = try await service.listDeliveries(list, context: lee) },
      await refusal { _ = try await service.getRider(me, context: lee) },
      await refusal { _ = try await service.goOnline(me, context: lee) },
      await refusal { _ = try await service.claimDelivery(delivery, context: lee) },
    ] {
      #expect(status == .notFound)
    }
  }
}
