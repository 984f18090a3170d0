import Domain
package import Journal
import Messages
import Transport

/// Owns the riders whose ids lie in its slots.
package actor RiderReplica {
  private let host: AggregateHost<Domain.Rider>
  private nonisolated let executor: ReplicaExecutor

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, environment: ServiceEnvironment,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.executor = executor
  }

  /// Gives one command and answers with the rider as they stand afterwards.
  func perform(
    _ command: RiderCommand, on id: RiderID, by caller: Domain.Principal, cause: CommandCause
  ) async throws(RPCError) -> RiderResponse {
    let outcome = try await host.perform(command, on: id.rawValue, by: caller, cause: cause)
    return RiderResponse(rider: Messages.Rider(outcome.snapshot.state))
  }

  /// The rider, for themselves, an operator or one of our services.
  func get(_ id: RiderID, by caller: Domain.Principal) async throws(RPCError) -> RiderResponse {
    RiderResponse(rider: Messages.Rider(try await state(of: id, for: caller)))
  }

  /// The same in the domain's terms. Throws NOT_FOUND, also for whoever may not see the rider.
  func state(
    of id: RiderID, for caller: Domain.Principal
  ) async throws(RPCError) -> RiderState {
    let state = try await host.state(of: id.rawValue).state
    guard state.isVisible(to: caller) else {
      throw RPCError(Rejection(.notFound, "there is no such rider"))
    }
    return state
  }
}
