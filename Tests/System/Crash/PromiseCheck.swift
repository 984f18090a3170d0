import Messages
import Testing
import Transport

/// What has to hold of everything that was acknowledged, once the nodes live again.
struct PromiseCheck: Sendable {
  let ledger: Ledger
  let seed: UInt64

  private static let askedAtOnce = 64

  /// Lets everything under way come to its end, and looks for every order in every way there is.
  func all(_ town: Town) async throws {
    let count = ledger.acknowledged.count
    #expect(try await losses(town) == [], "\(count) acknowledged, seed \(seed)")
    try await askAgain(town)
    try await settle(town)
    #expect(try await losses(town) == [], "after everything came to its end, seed \(seed)")
    let again = try await losses(town) { key in try await town.place(Town.request(key)) }
    #expect(again == [], "asked again with the same key, seed \(seed)")
    try await checkDashboard(town)
  }

  /// The acknowledged orders that are not there, or not as they were acknowledged.
  func losses(_ town: Town) async throws -> [Loss] {
    let acknowledged = ledger.acknowledged
    return try await losses(town) { key in
      try await town.order(acknowledged[key]?.orderID ?? "")
    }
  }

  private func losses(
    _ town: Town, _ ask: @escaping @Sendable (String) async throws -> Messages.Order
  ) async throws -> [Loss] {
    let acknowledged = ledger.acknowledged
    return try await withThrowingTaskGroup(of: Loss?.self) { group in
      var waiting = acknowledged.makeIterator()
      func askNext() {
        guard let (key, order) = waiting.next() else { return }
        group.addTask {
          // So many at once may be asked to come again a little later.
          try await eventually("answer about \(key)") { () -> Loss?? in
            do {
              return .some(Loss(key, acknowledged: order, found: try await ask(key)))
            } catch let error as RPCError where error.code == .notFound {
              return .missing(key: key)
            }
          }
        }
      }
      for _ in 0..<Self.askedAtOnce { askNext() }
      var losses: [Loss] = []
      for try await loss in group {
        if let loss { losses.append(loss) }
        askNext()
      }
      return losses
    }
  }

  /// A client that got no answer asks again with the same key.
  private func askAgain(_ town: Town) async throws {
    for key in ledger.unanswered {
      let order = try await eventually("answer to \(key)") {
        try await town.place(Town.request(key))
      }
      ledger.acknowledge(key, order)
    }
  }

  /// Waits until no payment, refund or event is under way any more; for as long as it takes, but
  /// not while nothing moves. After many cycles thousands of parked orders are to be paid.
  private func settle(_ town: Town) async throws {
    var left = try await underWay(town)
    while !left.isEmpty {
      let before = left
      do {
        try await until("change of what is under way") {
          left = try await underWay(town)
          return left != before
        }
      } catch {
        Issue.record("still under way, seed \(seed): \(left)")
        throw error
      }
    }
    let parked = try await town.boss.call(AdminServiceMethods.listParked, ListParkedRequest())
    #expect(parked.events == [] && parked.unasked == [])
  }

  /// What has not come to its end, each kind with its count.
  private func underWay(_ town: Town) async throws -> [String] {
    let passing: Set = [
      "orders pendingPayment", "orders awaitingPayment", "orders paymentUnknown",
      "refunds under way",
    ]
    let audit = try await town.audit()
    let lag = try await town.boss.call(DashboardServiceMethods.getLag, GetLagRequest())
    return audit.counts.filter { passing.contains($0.name) && $0.value > 0 }.map { "\($0)" }
      + lag.sources.filter { $0.events > 0 }.map { "\($0)" }
      + audit.violations.map { "\($0)" }
  }

  /// The dashboard has every order once, as the order service has it.
  private func checkDashboard(_ town: Town) async throws {
    var seen: [String: OrderState] = [:]
    var request = ListCustomerOrdersRequest(customerID: "c-1", limit: 100)
    repeat {
      let page = try await town.customer.call(DashboardServiceMethods.listCustomerOrders, request)
      for order in page.orders {
        #expect(seen.updateValue(order.state, forKey: order.orderID) == nil, "listed twice")
      }
      request.cursor = page.nextCursor
    } while !request.cursor.isEmpty
    var others: [String] = []
    for order in ledger.acknowledged.values {
      let now = try await town.order(order.orderID)
      let shown = seen[order.orderID]
      if shown != now.state { others.append("\(order.orderID): \(shown as Any), is \(now.state)") }
    }
    #expect(others == [], "on the dashboard, seed \(seed)")
  }
}
