import Domain
import Journal
import Messages
import Synchronization
import Testing
import Transport
import Views

@testable import Services

@Suite("The dashboard's answers")
struct DashboardServiceTests {
  private let customer = Domain.Principal(.customer, id: "c1")
  private let store = Domain.Principal(.store, id: "s1")
  private let rider = Domain.Principal(.rider, id: "r1")
  private let staff = Domain.Principal.operator("ops")

  private func code<T>(_ body: () async throws -> T) async -> StatusCode? {
    do {
      _ = try await body()
      return nil
    } catch { return RPCError(wrapping: error).code }
  }

  @Test("a timeline tells the whole course over all services")
  func timeline() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    try await world.carry("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let answer = try await replica.timeline(
      GetOrderTimelineRequest(orderID: "o1"), for: customer, until: nil)
    let order = try #require(answer.order)
    #expect(order.state == .delivered)
    #expect(order.totalWon == 18_000)
    #expect(order.lines.map(\.name) == ["비빔밥"])
    #expect(order.riderID == "r1")
    #expect(order.payment == "PaymentSettled")
    #expect(order.ticket == "TicketAccepted")
    #expect(order.delivery == "DeliveryCompleted")
    #expect(order.version == 8)
    #expect(answer.steps.first?.event == "OrderSubmitted")
    #expect(answer.steps.first?.detail == "2 items, 18,000 won")
    #expect(Set(answer.steps.map(\.service)) == ["order", "payment", "store", "delivery"])
    #expect(answer.steps.map(\.atMs) == answer.steps.map(\.atMs).sorted())
  }

  @Test("an order is seen by whom it concerns, and by nobody else")
  func ownership() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    try await world.submit("unpaid")
    try await world.place("o2", customer: "c2", store: "s2")
    try await world.record("o1", DeliveryAssigned(riderID: "r1"))
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    func sees(_ viewer: Domain.Principal, _ id: String) async -> StatusCode? {
      await code {
        try await replica.timeline(
          GetOrderTimelineRequest(orderID: id), for: viewer, until: nil)
      }
    }
    for viewer in [customer, store, rider, staff] {
      #expect(await sees(viewer, "o1") == nil, "\(viewer)")
      #expect(await sees(viewer, "none") == .notFound)
    }
    for viewer in [
      customer, store, rider, .service("x"), Domain.Principal(.rider, id: ""),
    ] {
      #expect(await sees(viewer, "o2") == .notFound, "\(viewer)")
    }
    // Not paid: for the store it does not exist.
    #expect(await sees(store, "unpaid") == .notFound)
    #expect(await sees(customer, "unpaid") == nil)
    // Taken from the rider again.
    try await world.record("o1", DeliveryUnassigned(riderID: "r1", reason: "late"))
    try await world.follow(view)
    #expect(await sees(rider, "o1") == .notFound)
  }

  @Test("how a payment went is not for stores and riders")
  func payments() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let request = GetOrderTimelineRequest(orderID: "o1")
    let seen = try await replica.timeline(request, for: store, until: nil)
    #expect(seen.order?.payment == "")
    #expect(!seen.steps.contains { $0.service == "payment" })
    #expect(!seen.steps.isEmpty)
    let own = try await replica.timeline(request, for: customer, until: nil)
    #expect(own.order?.payment == "PaymentApproved")
  }

  @Test("nor are the order's steps about it, and the provider's own words are for operators only")
  func paymentTrouble() async throws {
    let world = DashboardWorld()
    try await world.submit("o1")
    let words = "the provider does not accept our credentials"
    let trouble: [any Message] = [
      PaymentNotCharged(attempt: 1, reason: words), OrderParked(reason: words),
      OrderPaymentRequested(attempt: 2), Messages.PaymentUnknown(attempt: 2, reason: words),
      OrderPaymentUnknown(),
    ]
    for event in trouble { try await world.record("o1", event) }
    try await world.record("o1", PaymentApproved(attempt: 2, amountWon: 18_000))
    try await world.record("o1", OrderPlaced(amountWon: 18_000, storeID: "s1"))
    try await world.record("o1", DeliveryAssigned(riderID: "r1"))
    try await world.record("o1", PaymentRefundFailed(refundKey: "f1", reason: words))
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    func steps(_ viewer: Domain.Principal) async throws -> [OrderStep] {
      let request = GetOrderTimelineRequest(orderID: "o1")
      return try await replica.timeline(request, for: viewer, until: nil).steps
    }
    for viewer in [store, rider] {
      let seen = try await steps(viewer).map(\.event)
      #expect(seen == ["OrderSubmitted", "OrderPlaced", "DeliveryAssigned"], "\(viewer)")
    }
    let own = try await steps(customer)
    #expect(own.first { $0.event == "OrderParked" }?.detail == "not paid yet")
    #expect(own.allSatisfy { !$0.detail.contains(words) })
    let all = try await steps(staff)
    #expect(own.map(\.event) == all.map(\.event))
    #expect(all.filter { $0.detail == words }.count == 4)
  }

  @Test("lists are one's own; an operator sees all")
  func lists() async throws {
    let world = DashboardWorld()
    for number in 0..<5 { try await world.place("o\(number)") }
    try await world.place("x", customer: "c2", store: "s2")
    let view = MemoryOrderView()
    try await world.follow(view)
    let replica = world.replica(view)
    let customer = customer
    let mine = try await replica.list(ListCustomerOrdersRequest(limit: 3), for: customer)
    #expect(mine.orders.map(\.orderID) == ["o4", "o3", "o2"])
    try await world.place("o9")
    try await world.follow(view)
    let rest = try await replica.list(
      ListCustomerOrdersRequest(customerID: "c1", limit: 3, cursor: mine.nextCursor),
      for: customer)
    #expect(rest.orders.map(\.orderID) == ["o1", "o0"])
    #expect(rest.nextCursor.isEmpty)
    let board = try await replica.board(GetStoreBoardRequest(), for: store)
    #expect(board.orders.map(\.orderID) == ["o0", "o1", "o2", "o3", "o4", "o9"])
    let all = try await replica.list(ListCustomerOrdersRequest(customerID: "c2"), for: staff)
    #expect(all.orders.map(\.orderID) == ["x"])
    let refused: [(StatusCode, () async throws -> ListOrdersResponse)] = [
      (
        .permissionDenied,
        {
          try await replica.list(ListCustomerOrdersRequest(customerID: "c2"), for: customer)
        }
      ),
      (
        .permissionDenied,
        {
          try await replica.board(GetStoreBoardRequest(storeID: "s1"), for: customer)
        }
      ),
      (
        .permissionDenied,
        {
          try await replica.board(GetStoreBoardRequest(storeID: "s2"), for: store)
        }
      ),
      (
        .invalidArgument,
        {
          try await replica.board(GetStoreBoardRequest(cursor: mine.nextCursor), for: store)
        }
      ),
      (
        .invalidArgument,
        {
          try await replica.list(ListCustomerOrdersRequest(), for: staff)
        }
      ),
    ]
    for (expected, ask) in refused { #expect(await code(ask) == expected) }
  }

  @Test("a client that wrote reads its own write as soon as the view has it")
  func readsOwnWrite() async throws {
    let world = DashboardWorld()
    let view = MemoryOrderView()
    let replica = world.replica(view)
    let customer = customer
    async let answer = replica.timeline(
      GetOrderTimelineRequest(orderID: "o1", atLeastVersion: 2), for: customer, until: nil)
    while view.changes.subscriberCount == 0 { await Task.yield() }
    try await world.submit("o1")
    try await world.follow(view)
    try await world.record("o1", OrderPlaced(amountWon: 18_000))
    try await world.follow(view)
    #expect(try await answer.order?.version == 2)
    #expect(view.changes.subscriberCount == 0)
  }

  @Test("a version that the view reached untold is the answer when the wait is over")
  func reachedUntold() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let scratch = DashboardScratch()
    // One that is being built tells nobody.
    let view = try SQLiteOrderView.create(
      beside: ViewDirectory(path: scratch.path, name: "dashboard"))
    try await world.follow(view)
    let clock = TransportClock(
      now: { MonotonicInstant(nanoseconds: 0) },
      sleep: { _ in
        try await world.record("o1", OrderAccepted(etaMinutes: 5))
        try await world.follow(view)
      })
    let answer = try await world.replica(view, clock: clock).timeline(
      GetOrderTimelineRequest(orderID: "o1", atLeastVersion: 3), for: customer, until: nil)
    #expect(answer.order?.version == 3)
    await view.close()
  }

  @Test("waiting for a version ends with the deadline, and tells a stranger nothing")
  func waitEnds() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    try await world.follow(view)
    // A clock on which every sleep is over at once.
    let clock = TransportClock(now: { MonotonicInstant(nanoseconds: 0) }, sleep: { _ in })
    let replica = world.replica(view, clock: clock)
    let later = GetOrderTimelineRequest(orderID: "o1", atLeastVersion: 9)
    let customer = customer
    #expect(
      await code { try await replica.timeline(later, for: customer, until: nil) }
        == .deadlineExceeded)
    let stranger = Domain.Principal(.customer, id: "c2")
    #expect(
      await code { try await replica.timeline(later, for: stranger, until: nil) } == .notFound)
    #expect(
      await code {
        try await replica.timeline(
          GetOrderTimelineRequest(orderID: "none", atLeastVersion: 1), for: stranger, until: nil)
      } == .notFound)
  }

  @Test(
    "who waits for a version takes no place from questions, and only so many of one caller wait",
    .timeLimit(.minutes(1)))
  func waitersTakeNoPlace() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView(changes: OrderChanges(subscribersEachMax: 2))
    try await world.follow(view)
    let service = DashboardService(
      pool: ReplicaPool(service: "dashboard", replicas: [world.replica(view)], inFlightMax: 1))
    @Sendable func ask(
      _ version: Int64, as role: String = "customer"
    ) async throws -> GetOrderTimelineResponse {
      let caller = Transport.Principal(role: role, id: "c1")
      return try await service.getOrderTimeline(
        GetOrderTimelineRequest(orderID: "o1", atLeastVersion: version),
        context: CallContext(local: caller, clock: .system))
    }
    await withTaskGroup(of: Void.self) { group in
      for (waiting, role) in ["customer", "customer", "operator"].enumerated() {
        group.addTask { _ = try? await ask(9, as: role) }
        while view.changes.subscriberCount == waiting { await Task.yield() }
      }
      #expect(await code { try await ask(2) } == nil)
      #expect(await code { try await ask(9) } == .resourceExhausted)
      #expect(view.changes.subscriberCount == 3)
      group.cancelAll()
    }
    #expect(view.changes.subscriberCount == 0)
    #expect(service.pool.inFlightCount == 0)
  }

  @Test("lag is what the journals have and the view has not")
  func lag() async throws {
    let world = DashboardWorld()
    try await world.place("o1")
    let view = MemoryOrderView()
    let replica = world.replica(view)
    let before = try await replica.lagReport()
    #expect(before.sources.map(\.source) == ["order", "payment", "store", "delivery"])
    #expect(before.sources.map(\.events) == [2, 2, 0, 0])
    #expect((before.sources.first?.oldestAgeMs ?? 0) > 90_000)
    try await world.follow(view)
    let after = try await replica.lagReport()
    #expect(after.sources.allSatisfy { $0.events == 0 && $0.oldestAgeMs == 0 })
  }
}
