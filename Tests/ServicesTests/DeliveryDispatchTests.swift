import Domain
import Journal
import Messages
import Testing
import Transport
import Views

@testable import Services

@Suite("Dispatch finds a rider")
struct DeliveryDispatchTests {
  let first = OrderID(validated: "o1")
  let second = OrderID(validated: "o2")
  let kim = RiderID(validated: "kim")
  let lee = RiderID(validated: "lee")

  @Test("silent riders are passed over one by one, then people look at it", arguments: [1, 2])
  func silent(deliveries: Int) async throws {
    let world = DeliveryWorld()
    world.deliveries = deliveries
    let riders = (1...6).map { RiderID(validated: "r\($0)") }
    for rider in riders { try await world.online(rider) }
    try await world.accept(first)
    for round in 1...5 {
      let asked = try await world.show(first)
      #expect(asked.state == .offered && asked.offers == UInt32(round))
      #expect(asked.riderID == "r\(round)")
      try await world.pass(.seconds(29))
      #expect(try await world.show(first).riderID == "r\(round)", "the offer still stands")
      try await world.pass(.seconds(1))
    }
    let left = try await world.show(first)
    #expect(left.state == .escalated && left.offers == 5 && left.riderID.isEmpty)
    // Anybody may still take it.
    #expect(try await world.list(riders[0]) == ["o1"])
    try await world.step(.claim(rider: riders[0]), first, by: riders[0])
    #expect(try await world.show(first).state == .assigned)
  }

  @Test("a rider coming online sees what waits, and is asked for what has waited longest")
  func online() async throws {
    let world = DeliveryWorld()
    try await world.accept(first)
    world.clock.advance(by: .seconds(1))
    try await world.accept(second)
    try await world.accept(OrderID(validated: "far"), area: "서초동")
    #expect(try await world.show(first).state == .waiting)
    #expect(try await world.list(kim) == ["o1", "o2"])
    try await world.online(kim)
    #expect(try await world.show(first).riderID == "kim")
    #expect(try await world.show(second).state == .waiting, "one at a time")
    #expect(try await world.list(kim) == ["o1", "o2"])
    #expect(try await world.list(lee) == ["o2"], "what is offered to another does not wait")
  }

  @Test("a delivery without any rider is escalated, and still offered to the next one online")
  func nobody() async throws {
    let world = DeliveryWorld()
    try await world.accept(first)
    try await world.pass(.seconds(60))
    #expect(try await world.show(first).state == .escalated)
    try await world.online(kim)
    #expect(try await world.show(first).riderID == "kim")
  }

  @Test("who declines is not asked again, and the next one is asked at once")
  func decline() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.online(lee)
    try await world.accept(first)
    try await world.step(.declineOffer(rider: kim), first, by: kim)
    #expect(try await world.show(first).riderID == "lee")
    try await world.step(.declineOffer(rider: lee), first, by: lee)
    #expect(try await world.show(first).state == .waiting)
    try await world.accept(second)
    #expect(try await world.show(second).riderID == "kim", "for another one they are")
  }

  @Test("a rider who carries one is asked for the next when the first is delivered or released")
  func oneAtATime() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.accept(first)
    try await world.step(.claim(rider: kim), first, by: kim)
    try await world.accept(second)
    #expect(try await world.show(second).state == .waiting)
    try await world.record(first, .cancelled(by: .operator, reason: ""))
    try await world.settle()
    #expect(try await world.show(second).riderID == "kim")

    try await world.step(.claim(rider: kim), second, by: kim)
    let third = OrderID(validated: "o3")
    try await world.accept(third)
    try await world.record(second, .cookingStarted, .cookingFinished)
    try await world.settle()
    for command: DeliveryCommand in [
      .start(rider: kim), .pickUp(rider: kim), .complete(rider: kim),
    ] {
      #expect(try await world.show(third).state == .waiting)
      try await world.step(command, second, by: kim)
    }
    #expect(try await world.show(third).riderID == "kim")
  }

  @Test("a rider who does not set out is taken off, and another one is asked")
  func idle() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.online(lee)
    try await world.accept(first)
    try await world.step(.claim(rider: kim), first, by: kim)
    try await world.pass(.seconds(3600))
    #expect(try await world.show(first).riderID == "kim", "the food is not ready")
    try await world.record(first, .cookingStarted, .cookingFinished)
    try await world.settle()
    try await world.pass(.seconds(600))
    let next = try await world.show(first)
    #expect(next.state == .offered && next.riderID == "lee" && next.foodReady)
  }

  @Test("who came after a rider that did not set out has all of their own time")
  func relieved() async throws {
    let world = DeliveryWorld()
    try await world.accept(first)
    try await world.step(.claim(rider: kim), first, by: kim)
    try await world.record(first, .cookingStarted, .cookingFinished)
    try await world.settle()
    world.clock.advance(by: .seconds(600))
    let now = WallTime(milliseconds: world.clock.now.ms)
    let deadline = try #require(try await world.delivery.dueDeadlines(at: now, limit: 1).first)
    let (deliveries, first, lee) = (world.service.deliveries, first, lee)
    // After the last look before kim is taken off.
    let journal = OvertakenJournal(world.delivery, afterReads: 2) { () throws(RPCError) in
      try await deliveries.withReplica(for: first.rawValue, .continuing) {
        (replica) throws(RPCError) in
        let cause = CommandCause(correlationID: first.rawValue, causationID: "test")
        try await replica.take(.unassign(reason: "a flat tyre"), on: first.rawValue, cause: cause)
        _ = try await replica.perform(
          .claim(rider: lee), on: first, by: .rider(lee), cause: cause)
      }
    }
    let saga = DeliverySaga(
      journal: AnyJournal(journal), deliveries: deliveries, dispatcher: world.service.dispatcher)
    #expect(await refusal { try await saga.fire(deadline) } == .failedPrecondition)
    #expect(try await world.show(first).riderID == "lee")
  }

  @Test("a deadline that was set anew meanwhile does nothing")
  func staleDeadline() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.online(lee)
    try await world.accept(first)
    let stream = Domain.Delivery.category
    let stale = try await world.delivery.deadlines(of: .init(category: stream, id: "o1"))
    world.clock.advance(by: .seconds(20))
    try await world.step(.declineOffer(rider: kim), first, by: kim)
    world.clock.advance(by: .seconds(10))
    for deadline in stale { try await world.service.saga.fire(deadline) }
    #expect(try await world.show(first).riderID == "lee")
  }

  @Test("riders offline or of another area are not asked")
  func unsuitable() async throws {
    let world = DeliveryWorld()
    try await world.online(kim, areas: "서초동", "방배동")
    try await world.online(lee)
    try await world.rider(.goOffline, lee)
    try await world.settle()
    try await world.accept(first)
    #expect(try await world.show(first).state == .waiting)
    #expect(try await world.list(kim, areas: "서초동", "방배동").isEmpty)
    try await world.accept(second, area: "방배동")
    #expect(try await world.show(second).riderID == "kim")
  }

  @Test(
    "after a restart dispatch sees what is under way, and looks after what waits",
    arguments: [0, 1, 1000])
  func restart(viewedPerPartition: Int) async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.accept(first)
    try await world.step(.claim(rider: kim), first, by: kim)
    try await world.accept(second)
    let gone = OrderID(validated: "gone")
    try await world.accept(gone)
    try await world.record(gone, .cancelled(by: .customer, reason: ""))
    try await world.settle()
    // Recorded, but dispatch went down before it took notice.
    try await world.rider(
      .register(Domain.RiderProfile(id: lee, name: "이", areas: [try Area("역삼동")])), lee)
    try await world.rider(.goOnline, lee)
    world.restart()
    // However far its view has come.
    let view = MemoryKeyedView(DispatchView.fold)
    for index in 0..<world.delivery.partitionCount {
      let events = try await world.delivery.read(
        partition: Partition(index), after: .start, limit: viewedPerPartition)
      guard let last = events.last else { continue }
      try await view.apply(
        ViewBatch(
          source: "delivery", changes: events.map { KeyedChange($0) },
          cursors: [
            ViewCursor(
              partition: Partition(index), position: last.position, epoch: world.delivery.epoch)
          ]))
    }
    try await world.service.dispatcher.restore(from: view)
    #expect(await world.service.dispatcher.counts == (deliveries: 2, riders: 2))
    #expect(try await world.show(second).riderID == "lee")
    try await world.settle()
    #expect(try await world.road(second) == ["DeliveryOpened", "DeliveryOffered"])
  }

  @Test("a rider who is before its eyes is followed, not read anew")
  func followsRiders() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.settle()
    try await world.damageFirst(of: Domain.Rider.category, kim.rawValue)
    try await world.rider(.goOffline, kim)
    try await world.settle()
    #expect(await world.service.dispatcher.counts.riders == 0)
  }

  @Test("a damaged event does not keep dispatch from starting")
  func startsBesideDamage() async throws {
    let world = DeliveryWorld()
    try await world.online(kim)
    try await world.accept(first)
    try await world.settle()
    try await world.damageFirst(of: Domain.Delivery.category, first.rawValue)
    world.restart()
    let view = MemoryKeyedView(DispatchView.fold)
    try await world.service.dispatcher.restore(from: view)
    #expect(await world.service.dispatcher.counts.riders == 1)
  }
}
