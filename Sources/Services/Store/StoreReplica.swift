import Domain
package import Journal
import Messages
import Transport

/// Owns the stores whose ids lie in its slots: profile and menu.
package actor StoreReplica {
  private let host: AggregateHost<Domain.StoreProfile>
  private let environment: ServiceEnvironment
  private nonisolated let executor: ReplicaExecutor

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, environment: ServiceEnvironment,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.environment = environment
    self.executor = executor
  }

  /// Gives one command and answers with the store as it stands afterwards.
  func perform(
    _ command: StoreProfileCommand, on id: StoreID, by caller: Domain.Principal,
    cause: CommandCause
  ) async throws(RPCError) -> StoreResponse {
    let outcome = try await host.perform(command, on: id.rawValue, by: caller, cause: cause)
    return response(outcome.snapshot.state)
  }

  /// The store and its menu, for whoever asks.
  func get(_ id: StoreID) async throws(RPCError) -> StoreResponse {
    let state = try await host.state(of: id.rawValue).state
    guard state.phase != .none else {
      throw RPCError(Rejection(.notFound, "there is no such store"))
    }
    return response(state)
  }

  private func response(_ state: StoreProfileState) -> StoreResponse {
    StoreResponse(store: Messages.Store(state.menu, at: environment.now()))
  }
}
