package import Domain
import Journal
package import Messages
package import Transport
package import Views

/// How long a reader may wait, and how much it may ask for.
package struct DashboardLimits: Sendable, Equatable {
  /// How long a call waits for the view to catch up, whatever its deadline.
  package var waitMax: Duration
  /// How long a watch waits for an order that the view has not seen yet.
  package var appearWaitMax: Duration
  package var pageDefault: Int
  package var pageMax: Int

  package init(
    waitMax: Duration = .seconds(30), appearWaitMax: Duration = .seconds(2),
    pageDefault: Int = 20, pageMax: Int = 100
  ) {
    self.waitMax = waitMax
    self.appearWaitMax = appearWaitMax
    self.pageDefault = pageDefault
    self.pageMax = pageMax
  }
}

/// Answers what people ask about orders, from the view alone. What somebody may not see does not
/// exist for them, down to the time the answer takes.
package actor DashboardReplica {
  let view: any OrderView
  let environment: ServiceEnvironment
  let limits: DashboardLimits
  private let lag: DashboardLag
  private let executor: ReplicaExecutor

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    view: any OrderView, lag: DashboardLag, environment: ServiceEnvironment,
    executor: ReplicaExecutor, limits: DashboardLimits = DashboardLimits()
  ) {
    self.view = view
    self.lag = lag
    self.environment = environment
    self.executor = executor
    self.limits = limits
  }

  /// One order with its course; nil while the view has not reached the version asked for.
  package func reached(
    _ request: GetOrderTimelineRequest, for viewer: Domain.Principal
  ) async throws(RPCError) -> GetOrderTimelineResponse? {
    guard request.atLeastVersion >= 0 else {
      throw RPCError(code: .invalidArgument, message: "at_least_version is negative")
    }
    if let record = try await visible(request.orderID, to: viewer),
      record.row.versions.order >= max(1, request.atLeastVersion)
    {
      return record.timeline(for: viewer)
    }
    guard request.atLeastVersion > 0 else { throw Self.notFound(request.orderID) }
    return nil
  }

  /// One order with its course. Waits until the view has reached the version asked for, up to
  /// the deadline or `limits.waitMax`, as one of the view's subscribers.
  package func timeline(
    _ request: GetOrderTimelineRequest, for viewer: Domain.Principal,
    until deadline: MonotonicInstant?
  ) async throws(RPCError) -> GetOrderTimelineResponse {
    if let known = try await reached(request, for: viewer) { return known }
    let wanted = request.atLeastVersion
    let end = waitEnd(limits.waitMax, deadline)
    let record = try await wait(for: request.orderID, by: viewer, until: end) { row in
      viewer.maySee(row) && row.versions.order >= wanted
    }
    if let record { return record.timeline(for: viewer) }
    guard let record = try await visible(request.orderID, to: viewer) else {
      throw Self.notFound(request.orderID)
    }
    // It may have come so far without anybody being told.
    if record.row.versions.order >= wanted { return record.timeline(for: viewer) }
    throw RPCError(
      code: .deadlineExceeded,
      message: "the view has reached version \(record.row.versions.order), not \(wanted)")
  }

  /// A customer's orders, newest first.
  package func list(
    _ request: ListCustomerOrdersRequest, for viewer: Domain.Principal
  ) async throws(RPCError) -> ListOrdersResponse {
    let customerID = try owner(request.customerID, .customer, viewer)
    let limit = page(request.limit)
    let after = try place(request.cursor, .customer)
    let rows = try await viewing { (view) throws(ViewError) in
      try await view.orders(ofCustomer: customerID, after: after, limit: limit + 1)
    }
    return answer(rows, limit, .customer, viewer)
  }

  /// A store's paid orders that are not over, oldest first.
  package func board(
    _ request: GetStoreBoardRequest, for viewer: Domain.Principal
  ) async throws(RPCError) -> ListOrdersResponse {
    let storeID = try owner(request.storeID, .store, viewer)
    let limit = page(request.limit)
    let after = try place(request.cursor, .store)
    let rows = try await viewing { (view) throws(ViewError) in
      try await view.board(ofStore: storeID, after: after, limit: limit + 1)
    }
    return answer(rows, limit, .store, viewer)
  }

  /// How far the view is behind each journal. Tells nothing about anybody, so everyone may ask.
  package func lagReport() async throws(RPCError) -> GetLagResponse {
    let now = WallTime(milliseconds: environment.now().ms)
    var response = GetLagResponse()
    for source in try await lag.measure(view, at: now) {
      response.sources.append(
        SourceLag(
          source: source.source, events: source.events,
          oldestAgeMs: source.oldestAge.wholeMs))
    }
    return response
  }

  private func owner(
    _ asked: String, _ role: Role, _ viewer: Domain.Principal
  ) throws(RPCError) -> String {
    let id = asked.isEmpty && viewer.role == role ? viewer.id : asked
    guard viewer.role == .operator || (viewer.role == role && viewer.id == id) else {
      throw RPCError(code: .permissionDenied, message: "this list is not yours")
    }
    guard !id.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "name the \(role.rawValue)")
    }
    return id
  }

  private func page(_ asked: UInt32) -> Int {
    asked == 0 ? limits.pageDefault : min(Int(asked), limits.pageMax)
  }

  private func place(
    _ cursor: String, _ list: DashboardCursor.List
  ) throws(RPCError) -> OrderPlace? {
    guard !cursor.isEmpty else { return nil }
    guard let known = DashboardCursor(text: cursor), known.list == list else {
      throw RPCError(code: .invalidArgument, message: "this cursor is not of this list")
    }
    return known.place
  }

  private func answer(
    _ rows: [OrderRow], _ limit: Int, _ list: DashboardCursor.List, _ viewer: Domain.Principal
  ) -> ListOrdersResponse {
    // One row more was asked for than the page holds: it tells whether there is another page.
    let page = rows.prefix(limit)
    var response = ListOrdersResponse(orders: page.map { OrderSummary($0, for: viewer) })
    if rows.count > limit, let last = page.last {
      response.nextCursor = DashboardCursor(list, last.place).text
    }
    return response
  }
}

extension OrderRecord {
  func timeline(for viewer: Domain.Principal) -> GetOrderTimelineResponse {
    GetOrderTimelineResponse(
      order: OrderSummary(row, for: viewer), steps: steps(for: viewer, after: OrderVersions()))
  }
}
