import Domain
package import Journal
import Messages
import Transport

/// Owns the tickets whose order ids lie in its slots.
package actor TicketReplica {
  private let host: AggregateHost<Domain.Ticket>
  private nonisolated let executor: ReplicaExecutor

  private static let service = Domain.Principal.service("store")

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, environment: ServiceEnvironment,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.executor = executor
  }

  /// Gives one command and answers with the ticket as it stands afterwards.
  func perform(
    _ command: TicketCommand, on id: OrderID, by caller: Domain.Principal, cause: CommandCause
  ) async throws(RPCError) -> TicketResponse {
    let outcome = try await host.perform(command, on: id.rawValue, by: caller, cause: cause)
    return TicketResponse(ticket: Messages.Ticket(outcome.snapshot.state))
  }

  /// The ticket, for its store, an operator or one of our services.
  func get(_ id: OrderID, by caller: Domain.Principal) async throws(RPCError) -> TicketResponse {
    let state = try await host.state(of: id.rawValue).state
    guard state.isVisible(to: caller) else {
      throw RPCError(Rejection(.notFound, "there is no such ticket"))
    }
    return TicketResponse(ticket: Messages.Ticket(state))
  }

  /// What the order recorded.
  ///
  /// An order's events come in their order, so one that ended without a ticket was never placed:
  /// the store does not hear of it, not even as a withdrawal.
  func take(_ command: TicketCommand, on id: String, cause: CommandCause) async throws(RPCError) {
    if case .withdraw = command, try await host.state(of: id).state.phase == .none { return }
    let isNew = if case .receive = command { true } else { false }
    _ = try await host.perform(
      command, on: id, by: Self.service, cause: cause, assumingNew: isNew)
  }
}
