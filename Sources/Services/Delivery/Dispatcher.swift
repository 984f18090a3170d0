import Domain
package import Journal
package import Transport

/// Finds a rider for every delivery: asks one after the other, and hands it over to people when
/// nobody wants it.
///
/// Follows the delivery journal. Whatever it decides is a command that the delivery may turn out
/// to ignore, so an event that comes again, or a view that is a moment old, does no harm; what it
/// misses, the delivery's own deadline brings back.
package actor Dispatcher {
  package static let subscriber = "delivery.dispatch"
  /// Times it looks again for the same rider or delivery when others were faster.
  private static let attemptsMax = 16

  var board: DispatchBoard
  let journal: AnyJournal
  private let deliveries: ReplicaPool<DeliveryReplica>
  private let policy: DeadlinePolicy
  private nonisolated let executor: ReplicaExecutor

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  /// - Parameter activeMax: deliveries, and riders, it keeps before its eyes at most.
  package init(
    journal: AnyJournal, deliveries: ReplicaPool<DeliveryReplica>,
    environment: ServiceEnvironment, activeMax: Int = 100_000, executor: ReplicaExecutor
  ) {
    self.board = DispatchBoard(deliveriesMax: activeMax, ridersMax: activeMax)
    self.journal = journal
    self.deliveries = deliveries
    self.policy = environment.deadlines
    self.executor = executor
  }

  /// Deliveries under way and riders online that it sees.
  package var counts: (deliveries: Int, riders: Int) {
    (board.deliveries.count, board.riders.count)
  }

  /// Takes one event of the delivery journal, and does what follows from it.
  package func take(_ event: RecordedEvent) async throws(RPCError) {
    switch event.stream.category {
    case Domain.Delivery.category: try await takeDelivery(event)
    case Domain.Rider.category: try await takeRider(event)
    default: return
    }
  }

  /// What this rider is asked for or carries, then what waits in these areas; at most `limit`.
  func visible(
    to rider: RiderID, areas: [Area], limit: Int
  ) -> [Domain.DeliveryState] {
    board.visible(to: rider, areas: areas, limit: limit)
  }

  /// A delivery has waited for its time without anybody being asked: looks once more, and hands
  /// it over to people if there is still nobody.
  func lookAgain(for id: OrderID, cause: CommandCause) async throws(RPCError) {
    let snapshot = try await load(Domain.Delivery.self, id.rawValue)
    board.put(snapshot.state, version: snapshot.version, for: id)
    let left = try await findRider(for: id, snapshot.state, cause)
    guard left.phase == .waiting else { return }
    try await escalate(id, cause)
  }
}

extension Dispatcher {
  private func takeDelivery(_ event: RecordedEvent) async throws(RPCError) {
    guard let id = OrderID(rawValue: event.stream.id) else { return }
    let before = board.deliveries[id]
    let happened = try decode(Domain.Delivery.self, event)
    let now = try await follow(Domain.Delivery.self, event, happened, from: before)
    board.put(now.state, version: now.version, for: id)
    let cause = CommandCause(following: event)
    if board.deliveries[id]?.state.phase == .waiting, !board.isAsked(id) {
      _ = try await findRider(for: id, now.state, cause)
    }
    if let rider = happened.freed ?? before?.state.freed(by: happened) {
      try await findWork(for: rider, escalatedToo: false, cause)
    }
  }

  private func takeRider(_ event: RecordedEvent) async throws(RPCError) {
    guard let id = RiderID(rawValue: event.stream.id) else { return }
    let happened = try decode(Domain.Rider.self, event)
    // Riders offline are not on the board, so one who comes online is read anew: once a shift.
    let now = try await follow(Domain.Rider.self, event, happened, from: board.riders[id])
    board.put(now.state, version: now.version, for: id)
    guard case .wentOnline = happened else { return }
    try await findWork(for: id, escalatedToo: true, CommandCause(following: event))
  }

  /// Asks riders until one is asked, or none is left. Answers with the delivery as it then stands.
  func findRider(
    for id: OrderID, _ state: Domain.DeliveryState, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.DeliveryState {
    var state = state
    for _ in 0..<Self.attemptsMax {
      guard state.phase == .waiting else { return state }
      guard state.rounds < policy.offersMax else { return try await escalate(id, cause) }
      guard let rider = board.nextRider(for: state) else { return state }
      state = try await offer(id, to: rider, cause)
      guard state.rider != rider else { return state }
      // Somebody else was quicker: what came for this rider meanwhile has passed them by.
      try await findWork(for: rider, escalatedToo: true, cause)
    }
    return state
  }

  /// Asks this rider for what has waited longest.
  private func findWork(
    for rider: RiderID, escalatedToo: Bool, _ cause: CommandCause
  ) async throws(RPCError) {
    for _ in 0..<Self.attemptsMax {
      let next = board.nextDelivery(for: rider) { state in
        state.phase == .waiting ? state.rounds < policy.offersMax : escalatedToo
      }
      guard let next else { return }
      guard try await offer(next, to: rider, cause).rider != rider else { return }
    }
  }

  private func offer(
    _ id: OrderID, to rider: RiderID, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.DeliveryState {
    board.reserve(rider, for: id)
    defer { board.endReservation(of: rider, for: id) }
    let snapshot = try await deliveries.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.offer(to: rider, on: id, cause: cause)
    }
    board.put(snapshot.state, version: snapshot.version, for: id)
    return snapshot.state
  }

  @discardableResult
  private func escalate(
    _ id: OrderID, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.DeliveryState {
    let snapshot = try await deliveries.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.escalate(id, cause: cause)
    }
    board.put(snapshot.state, version: snapshot.version, for: id)
    return snapshot.state
  }
}

extension DeliveryEvent {
  /// The rider whose hands this empties, as far as the event says.
  fileprivate var freed: RiderID? {
    switch self {
    case .offerDeclined(let rider), .offerExpired(let rider, _), .unassigned(let rider, _),
      .completed(let rider):
      rider
    default: nil
    }
  }
}

extension Domain.DeliveryState {
  /// The rider who is asked for it or carries it, if this ends that.
  fileprivate func freed(by event: DeliveryEvent) -> RiderID? {
    guard case .released = event else { return nil }
    return rider
  }
}

extension CommandCause {
  /// What dispatch does because of an event of its own journal. It takes no position: the delivery
  /// itself knows whether there is anything left to do.
  fileprivate init(following event: RecordedEvent) {
    self.init(
      correlationID: event.metadata.correlationID, causationID: event.id.text,
      traceparent: event.metadata.traceparent)
  }
}
