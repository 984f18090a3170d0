import Domain
import Journal
import Messages
import Synchronization
import Testing
import Transport
import Views

@testable import Services

@Suite("Watching an order")
struct DashboardWatchTests {
  private let customer = Domain.Principal(.customer, id: "c1")

  /// What a watcher was sent; `gate` may hold the sending up.
  private final class Sent: Sendable {
    let updates = Mutex<[OrderUpdate]>([])
    let isHeld = Mutex(false)

    nonisolated(nonsending) func take(_ update: OrderUpdate) async {
      while isHeld.withLock({ $0 }) { await Task.yield() }
      updates.withLock { $0.append(update) }
    }

    var count: Int { updates.withLock { $0.count } }
  }

  @Test("a watcher sees the order as it is, then every step, until it is over")
  func follows() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    let customer = customer
    async let watch: Void = replica.watch(
      WatchOrderRequest(orderID: "o1"), for: customer, until: nil
    ) { (update) throws(RPCError) in await sent.take(update) }
    while sent.count == 0 { await Task.yield() }
    try await world.carry("o1")
    try await world.follow(view)
    try await watch
    let updates = sent.updates.withLock { $0 }
    #expect(updates.first?.step == nil)
    #expect(updates.first?.order?.state == .placed)
    #expect(updates.last?.order?.state == .delivered)
    let orderSteps = updates.compactMap(\.step).filter { $0.service == "order" }.map(\.event)
    #expect(
      orderSteps == [
        "OrderAccepted", "OrderCookingStarted", "OrderCookingFinished", "OrderDeliveryStarted",
        "OrderPickedUp", "OrderDelivered",
      ])
    #expect(view.changes.subscriberCount == 0)
  }

  @Test("a slow watcher holds nobody up and still gets every step, with the latest state")
  func slow() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    sent.isHeld.withLock { $0 = true }
    let customer = customer
    async let watch: Void = replica.watch(
      WatchOrderRequest(orderID: "o1"), for: customer, until: nil
    ) { (update) throws(RPCError) in await sent.take(update) }
    while view.changes.subscriberCount == 0 { await Task.yield() }
    try await world.carry("o1")
    try await world.follow(view)
    #expect(sent.count == 0)
    sent.isHeld.withLock { $0 = false }
    try await watch
    let updates = sent.updates.withLock { $0 }
    #expect(updates.dropFirst().allSatisfy { $0.order?.state == .delivered })
    let steps = updates.compactMap(\.step)
    #expect(steps.filter { $0.event == "OrderPickedUp" }.count == 1)
  }

  @Test("a watcher misses nothing that only a rebuild of the view took in")
  func rebuilt() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let scratch = DashboardScratch()
    let directory = try ViewDirectory(path: scratch.path, name: "dashboard")
    let view = LiveOrderView(try SQLiteOrderView.open(in: directory))
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    let customer = customer
    async let watch: Void = replica.watch(
      WatchOrderRequest(orderID: "o1"), for: customer, until: nil
    ) { (update) throws(RPCError) in await sent.take(update) }
    while sent.count == 0 { await Task.yield() }
    try await world.carry("o1")
    try await DashboardRebuild(sources: world.sources).run(live: view, in: directory)
    try await watch
    #expect(sent.updates.withLock { $0.last?.order?.state } == .delivered)
    await view.close()
  }

  @Test("an order that is over is told once")
  func over() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    try await world.record("o1", OrderCancelled(byRole: "customer", reason: "hungry no more"))
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    try await replica.watch(WatchOrderRequest(orderID: "o1"), for: customer, until: nil) {
      (update) throws(RPCError) in await sent.take(update)
    }
    #expect(sent.updates.withLock { $0.map { $0.order?.state } } == [.cancelled])
  }

  @Test("somebody else's order cannot be watched, nor one that never appears")
  func refused() async throws {
    let world = DashboardWorld()
    try await world.place("o1", customer: "c2")
    let view = MemoryOrderView()
    try await world.follow(view)
    let clock = TransportClock(now: { MonotonicInstant(nanoseconds: 0) }, sleep: { _ in })
    let replica = world.replica(view, clock: clock)
    let customer = customer
    for id in ["o1", "none"] {
      let error = await #expect(throws: RPCError.self) {
        try await replica.watch(WatchOrderRequest(orderID: id), for: customer, until: nil) {
          (_) throws(RPCError) in
        }
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test("a rider the delivery is taken from sees no more of it")
  func taken() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    try await world.record("o1", DeliveryAssigned(riderID: "r1"))
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    async let watch: Void = replica.watch(
      WatchOrderRequest(orderID: "o1"), for: Domain.Principal(.rider, id: "r1"), until: nil
    ) { (update) throws(RPCError) in await sent.take(update) }
    while sent.count == 0 { await Task.yield() }
    try await world.record("o1", DeliveryUnassigned(riderID: "r1", reason: "late"))
    try await world.follow(view)
    do {
      try await watch
      Issue.record("the watch went on")
    } catch { #expect(RPCError(wrapping: error).code == .notFound) }
    #expect(sent.count == 1)
  }

  @Test("a cancelled watch ends, and lets go of its place")
  func cancelled() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let sent = Sent()
    let customer = customer
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await replica.watch(
          WatchOrderRequest(orderID: "o1"), for: customer, until: nil
        ) { (update) throws(RPCError) in await sent.take(update) }
      }
      while sent.count == 0 { await Task.yield() }
      group.cancelAll()
    }
    #expect(view.changes.subscriberCount == 0)
  }

  @Test("the stream reaches a client as it is written")
  func overTransport() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let service = DashboardService(
      pool: ReplicaPool(
        service: "dashboard", replicas: [world.replica(view)], inFlightMax: 8))
    var router = Router(authorize: Router.allowAll)
    router.register(service)
    let server = InProcessServer(
      router: router,
      configuration: ServerConfiguration(authenticate: ServerConfiguration.trusting))
    var configuration = ClientConfiguration()
    configuration.credentials = ClientCredentials(
      principal: Transport.Principal(role: "customer", id: "c1"))
    let client = RPCClient(InProcessClient(server: server, configuration: configuration))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let timeline = try await client.unary(
        DashboardServiceMethods.getOrderTimeline, GetOrderTimelineRequest(orderID: "o1"))
      #expect(timeline.order?.state == .placed)
      let stream = try await client.serverStream(
        DashboardServiceMethods.watchOrder, WatchOrderRequest(orderID: "o1"))
      var states: [Messages.OrderState] = []
      for try await update in stream {
        states.append(update.order?.state ?? .unspecified)
        if states.count == 1 {
          try await world.record("o1", OrderCancelled(byRole: "customer"))
          try await world.follow(view)
        }
      }
      #expect(states == [.placed, .cancelled])
      group.cancelAll()
    }
  }
}
