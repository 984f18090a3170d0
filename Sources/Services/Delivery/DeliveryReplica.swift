import Domain
package import Journal
import Messages
import Transport

/// Owns the deliveries whose order ids lie in its slots.
package actor DeliveryReplica {
  typealias Snapshot = AggregateSnapshot<Domain.DeliveryState>

  private let host: AggregateHost<Domain.Delivery>
  private let policy: DeadlinePolicy
  private nonisolated let executor: ReplicaExecutor

  static let service = Domain.Principal.service("delivery")

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, environment: ServiceEnvironment,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.policy = environment.deadlines
    self.executor = executor
  }

  /// Gives one command and answers with the delivery as the caller may see it afterwards.
  func perform(
    _ command: DeliveryCommand, on id: OrderID, by caller: Domain.Principal, cause: CommandCause
  ) async throws(RPCError) -> DeliveryResponse {
    let outcome = try await host.perform(command, on: id.rawValue, by: caller, cause: cause)
    return DeliveryResponse(delivery: Messages.Delivery(outcome.snapshot.state, for: caller))
  }

  /// The delivery, for the rider asked or assigned, every rider while it waits, an operator.
  func get(_ id: OrderID, by caller: Domain.Principal) async throws(RPCError) -> DeliveryResponse {
    let state = try await host.state(of: id.rawValue).state
    guard state.isVisible(to: caller) else {
      throw RPCError(Rejection(.notFound, "there is no such delivery"))
    }
    return DeliveryResponse(delivery: Messages.Delivery(state, for: caller))
  }

  /// What the order recorded. An order's events come in their order: one that ended without
  /// having been accepted has no delivery to release.
  /// - Parameter seen: how the delivery must still stand; otherwise nothing is done, and it throws.
  func take(
    _ command: DeliveryCommand, on id: String, cause: CommandCause, asSeen seen: Snapshot? = nil
  ) async throws(RPCError) {
    if case .release = command, try await host.state(of: id).state.phase == .none { return }
    _ = try await host.perform(
      command, on: id, by: Self.service, cause: cause, asSeen: seen)
  }

  func snapshot(of id: String) async throws(RPCError) -> Snapshot { try await host.state(of: id) }

  /// Asks this rider, if nobody is asked and they were not asked before. Answers with the
  /// delivery as it stands afterwards.
  func offer(
    to rider: RiderID, on id: OrderID, cause: CommandCause
  ) async throws(RPCError) -> Snapshot {
    try await host.perform(on: id.rawValue, cause: cause) { (state, now) throws(Rejection) in
      guard state.isUnasked, !state.passedOver.contains(rider) else { return [] }
      return try Domain.Delivery.decide(
        .offer(rider: rider, until: now.advanced(by: policy.offer)), state: state,
        by: Self.service, at: now)
    }.snapshot
  }

  /// Hands a delivery over to people. Answers with it as it stands afterwards.
  func escalate(_ id: OrderID, cause: CommandCause) async throws(RPCError) -> Snapshot {
    try await host.perform(.escalate, on: id.rawValue, by: Self.service, cause: cause).snapshot
  }

  /// The offer was not answered in time; nothing when another one stands meanwhile.
  func lapse(_ id: String, cause: CommandCause) async throws(RPCError) {
    _ = try await host.perform(on: id, cause: cause) { (state, now) throws(Rejection) in
      guard let until = state.offeredUntil, until <= now else { return [] }
      return try Domain.Delivery.decide(
        .offerExpired(round: state.rounds), state: state, by: Self.service, at: now)
    }
  }
}
