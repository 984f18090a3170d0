import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

@Suite("Dispatch in a crowd")
struct DeliveryCrowdTests {
  static let clock = JournalClock(
    now: { WallTime(milliseconds: 0) }, sleep: { try await Task.sleep(for: $0) })

  @Test(
    "many deliveries and riders at once: nobody is asked twice, nobody idle beside one waiting",
    .timeLimit(.minutes(1)))
  func crowd() async throws {
    let world = DeliveryWorld()
    let riders = (0..<20).map { RiderID(validated: "r\($0)") }
    let orders = (0..<30).map { OrderID(validated: "o\($0)") }
    for rider in riders {
      try await world.rider(
        .register(Domain.RiderProfile(id: rider, name: "r", areas: [try Area("역삼동")])), rider)
      try await world.rider(.goOnline, rider)
    }
    for order in orders { try await world.record(order, try StoreWorld.accepted()) }

    let saga = world.service.saga
    let dispatcher = world.service.dispatcher
    let fromOrder = Subscription(
      from: world.orders, to: world.delivery,
      subscriber: Taking(name: DeliverySaga.orderSubscriber) { (event) throws(RPCError) in
        try await saga.take(event)
      }, clock: Self.clock)
    let own = Subscription(
      from: world.delivery, to: world.delivery,
      subscriber: Taking(name: Dispatcher.subscriber) { (event) throws(RPCError) in
        try await dispatcher.take(event)
      }, clock: Self.clock)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await fromOrder.run() }
      group.addTask { try await own.run() }
      // Opened, and an offer for each rider, all of it taken notice of.
      var recorded: Int64 = 0
      while recorded < Int64(riders.count * 2 + orders.count + riders.count) {
        await Task.yield()
        recorded = try await world.delivery.heads().reduce(0) { $0 + $1.value }
      }
      while try await fromOrder.lag().events + own.lag().events > 0 { await Task.yield() }
      group.cancelAll()
      try await group.waitForAll()
    }

    var asked: [String] = []
    for order in orders {
      let delivery = try await world.show(order)
      if delivery.state == .offered { asked.append(delivery.riderID) }
      #expect(delivery.offers <= 1)
    }
    #expect(asked.count == riders.count)
    #expect(Set(asked).count == asked.count)
    #expect(await dispatcher.counts == (deliveries: orders.count, riders: riders.count))
  }
}
