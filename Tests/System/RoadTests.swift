import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("An order on a running node")
  struct RoadTests {
    @Test("goes from the tap to the doorstep, and the dashboard shows every step")
    func delivered() async throws {
      try await withTown { town in
        let order = try await town.placed("whole road")
        #expect(order.totalWon == Town.total)
        #expect(order.paid)
        try await town.acceptAndConfirm(order.orderID)
        try await town.cook(order.orderID)
        try await town.deliver(order.orderID)
        let payment = try await town.settledPayment(of: order.orderID)
        #expect(payment.keptWon == Town.total)
        let steps = try await town.steps(of: order.orderID, until: "OrderDelivered")
        let road = [
          "OrderPlaced", "OrderAccepted", "OrderCookingStarted", "OrderCookingFinished",
          "OrderDeliveryStarted", "OrderPickedUp", "OrderDelivered",
        ]
        #expect(steps.filter(road.contains) == road)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("a stream of changes ends when the order is over")
    func watched() async throws {
      try await withTown { town in
        let order = try await town.placed("watched")
        try await town.steps(of: order.orderID, until: "OrderPlaced")
        let stream = try await town.customer.stream(
          DashboardServiceMethods.watchOrder, WatchOrderRequest(orderID: order.orderID))
        try await town.refuse(order.orderID)
        var states: [OrderState] = []
        for try await update in stream { states.append(update.order?.state ?? .unspecified) }
        #expect(states.last == .rejected)
      }
    }

    @Test("cancelled before the store accepts: withdrawn and refunded, whole")
    func cancelledEarly() async throws {
      try await withTown { town in
        let order = try await town.placed("early")
        #expect(try await town.cancel(order.orderID).state == .cancelled)
        let payment = try await town.settledPayment(of: order.orderID)
        #expect(payment.refundedWon == Town.total)
        #expect(payment.keptWon == 0)
        let other = try await town.placed("early, seen by the store")
        try await town.ticket(of: other.orderID, reaches: .received)
        #expect(try await town.cancel(other.orderID).state == .cancelled)
        try await town.ticket(of: other.orderID, reaches: .withdrawn)
        #expect(try await town.settledPayment(of: other.orderID).refundedWon == Town.total)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test(
      "cancelled after the store accepted: the store's answer decides", arguments: [true, false])
    func cancelledLate(agreed: Bool) async throws {
      try await withTown { town in
        let order = try await town.placed("late")
        try await town.acceptAndConfirm(order.orderID)
        #expect(try await town.cancel(order.orderID).state == .cancelRequested)
        try await town.answerCancel(order.orderID, agree: agreed)
        if agreed {
          try await town.order(order.orderID, reaches: .cancelled)
          #expect(try await town.settledPayment(of: order.orderID).refundedWon == Town.total)
          try await until("released delivery") {
            try await town.delivery(of: order.orderID).state == .released
          }
        } else {
          try await town.order(order.orderID, reaches: .accepted)
          #expect(try await town.payment(of: order.orderID).refundedWon == 0)
          try await town.cook(order.orderID)
          try await town.deliver(order.orderID)
        }
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("once cooking has begun a cancel is refused")
    func cancelledTooLate() async throws {
      try await withTown { town in
        let order = try await town.placed("too late")
        try await town.acceptAndConfirm(order.orderID)
        try await town.cook(order.orderID)
        await expect(code: .failedPrecondition) { _ = try await town.cancel(order.orderID) }
        #expect(try await town.order(order.orderID).state == .ready)
      }
    }

    @Test("refused by the store: rejected and refunded")
    func refused() async throws {
      try await withTown { town in
        let order = try await town.placed("refused")
        try await town.refuse(order.orderID)
        try await town.order(order.orderID, reaches: .rejected)
        #expect(try await town.settledPayment(of: order.orderID).refundedWon == Town.total)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("declined: an answer, not an error, and the store never hears of it")
    func declined() async throws {
      try await withTown { town in
        let order = try await town.place(Town.request("declined", method: "card-declined"))
        #expect(order.state == .rejected)
        #expect(!order.paid)
        // What the store would hear of comes in this order too, so a later one shows that it
        // had its chance.
        let later = try await town.placed("paid")
        try await town.ticket(of: later.orderID, reaches: .received)
        await expect(code: .notFound) { _ = try await town.ticket(of: order.orderID) }
        #expect(try await town.audit().violations == [])
      }
    }
  }
}

extension Town {
  /// The order's steps on the dashboard, once it has that one.
  @discardableResult
  func steps(of id: String, until last: String) async throws -> [String] {
    try await eventually("\(last) on the dashboard") {
      let answer = try await customer.call(
        DashboardServiceMethods.getOrderTimeline, GetOrderTimelineRequest(orderID: id))
      let steps = answer.steps.map(\.event)
      return steps.contains(last) ? steps : nil
    }
  }
}

/// A node with a store that is open and a rider who is online, and the people around it.
func withTown(
  _ config: String = "", connections: Int = 1, _ body: (Town) async throws -> Void
) async throws {
  let site = try Site()
  let node = try await site.start(config)
  let town = Town(node, connections: connections)
  do {
    try await town.open()
    try await body(town)
  } catch {
    Issue.record("the node's log ends with: \(node.child.errors.suffix(2000))")
    await town.close()
    node.kill()
    throw error
  }
  await town.close()
  node.kill()
}

/// Expects a call to fail with that status.
func expect(
  code: StatusCode, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Void
) async {
  do {
    try await body()
    Issue.record("no error instead of \(code.name)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) instead of \(code.name)", sourceLocation: sourceLocation)
  }
}
