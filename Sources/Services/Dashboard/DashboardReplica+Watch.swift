package import Domain
package import Messages
package import Transport
import Views

extension DashboardReplica {
  /// The order as it is, then each change, until it is over or not the viewer's any more. A slow
  /// reader gets the latest state with all steps it has missed; nothing is queued for it.
  package func watch(
    _ request: WatchOrderRequest, for viewer: Domain.Principal,
    until deadline: MonotonicInstant?,
    send: nonisolated(nonsending) @Sendable (OrderUpdate) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    let orderID = request.orderID
    if try await visible(orderID, to: viewer) == nil {
      let end = waitEnd(limits.appearWaitMax, deadline)
      let appeared = try await wait(for: orderID, by: viewer, until: end) { viewer.maySee($0) }
      guard appeared != nil else { throw Self.notFound(orderID) }
    }
    try await subscribed(to: orderID, by: viewer) { (changes) throws(RPCError) in
      guard var record = try await self.visible(orderID, to: viewer) else {
        throw Self.notFound(orderID)
      }
      try await send(OrderUpdate(order: OrderSummary(record.row, for: viewer)))
      while !record.row.stage.isTerminal {
        let next: OrderRecord
        do throws(ViewError) { next = try await changes.next() } catch { throw RPCError(error) }
        // What was read at first may be newer than what was waiting to be told.
        guard next.row.versions.total > record.row.versions.total else { continue }
        guard viewer.maySee(next.row) else { throw Self.notFound(orderID) }
        let order = OrderSummary(next.row, for: viewer)
        let steps = next.steps(for: viewer, after: record.row.versions)
        for step in steps { try await send(OrderUpdate(order: order, step: step)) }
        if steps.isEmpty, next.row.stage != record.row.stage {
          try await send(OrderUpdate(order: order))
        }
        record = next
      }
    }
  }

  /// The record, if it is the viewer's to see.
  func visible(
    _ orderID: String, to viewer: Domain.Principal
  ) async throws(RPCError) -> OrderRecord? {
    guard !orderID.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "name the order")
    }
    let record = try await viewing { (view) throws(ViewError) in
      try await view.order(orderID)
    }
    guard let record, viewer.maySee(record.row) else { return nil }
    return record
  }

  /// The first record that fits; nil when the time is over before.
  func wait(
    for orderID: String, by viewer: Domain.Principal, until end: MonotonicInstant,
    _ isFitting: @escaping @Sendable (OrderRow) -> Bool
  ) async throws(RPCError) -> OrderRecord? {
    try await subscribed(to: orderID, by: viewer) { (changes) throws(RPCError) in
      let now = try await self.viewing { (view) throws(ViewError) in
        try await view.order(orderID)
      }
      if let now, isFitting(now.row) { return now }
      let clock = self.environment.clock
      let outcome = await withTaskGroup(of: Result<OrderRecord?, ViewError>.self) { group in
        group.addTask {
          do throws(ViewError) {
            while true {
              let record = try await changes.next()
              if isFitting(record.row) { return .success(record) }
            }
          } catch { return .failure(error) }
        }
        group.addTask {
          do { try await clock.sleep(end) } catch { return .failure(.cancelled) }
          return .success(nil)
        }
        let first = await group.next() ?? .success(nil)
        group.cancelAll()
        return first
      }
      do throws(ViewError) { return try outcome.get() } catch { throw RPCError(error) }
    }
  }

  /// The end of a wait of `duration`, or the call's deadline if that is earlier.
  func waitEnd(_ duration: Duration, _ deadline: MonotonicInstant?) -> MonotonicInstant {
    let end = environment.clock.now().advanced(by: duration)
    return deadline.map { min($0, end) } ?? end
  }

  func viewing<T: Sendable>(
    _ body: nonisolated(nonsending) (any OrderView) async throws(ViewError) -> T
  ) async throws(RPCError) -> T {
    do throws(ViewError) { return try await body(view) } catch { throw RPCError(error) }
  }

  private func subscribed<T: Sendable>(
    to orderID: String, by viewer: Domain.Principal,
    _ body: nonisolated(nonsending) (OrderSubscription) async throws(RPCError) -> T
  ) async throws(RPCError) -> T {
    try await view.changes.withSubscription(
      to: orderID, by: "\(viewer.role.rawValue):\(viewer.id)", else: { RPCError($0) }, body)
  }

  /// The same words whether it does not exist or is not the viewer's.
  static func notFound(_ orderID: String) -> RPCError {
    RPCError(code: .notFound, message: "there is no order \(orderID)")
  }
}

extension RPCError {
  init(_ error: ViewError) {
    switch error {
    case .overloaded:
      self.init(
        code: .resourceExhausted, message: "too many are looking at the moment",
        retryAfter: .milliseconds(500), cause: error)
    // A damaged view begins anew at once.
    case .unavailable, .outOfStep, .corrupt:
      self.init(
        code: .unavailable, message: "the view cannot be read at the moment",
        retryAfter: .seconds(2), cause: error)
    case .closed:
      self.init(
        code: .unavailable, message: "the service is stopping", retryAfter: .seconds(1),
        cause: error)
    case .invalid: self.init(code: .internal, message: "the view refused", cause: error)
    case .cancelled: self.init(code: .cancelled, message: "cancelled", cause: error)
    }
  }
}
