package import Domain
package import Journal
package import Transport

/// Runs the commands of one kind of aggregate inside a replica: decides, writes down with the
/// deadlines that follow, and only then evolves. It belongs to one actor.
package final class AggregateHost<Aggregate: JournaledDecider> {
  package typealias Runtime = AggregateRuntime<Aggregate, Aggregate.Codec, AnyJournal>
  package typealias Outcome = Execution<Aggregate.State, Aggregate.Event>

  private let runtime: Runtime
  private let environment: ServiceEnvironment

  /// - Parameter memory: what this replica shares with the others of its pool.
  package init(
    journal: AnyJournal, environment: ServiceEnvironment, memory: AggregateMemory
  ) {
    self.runtime = AggregateRuntime(journal: journal, codec: Aggregate.codec, memory: memory)
    self.environment = environment
  }

  /// The aggregate as it stands.
  package nonisolated(nonsending) func state(
    of id: String
  ) async throws(RPCError) -> AggregateSnapshot<Aggregate.State> {
    do throws(AggregateError) {
      return try await runtime.peek(id)
    } catch { throw RPCError(error) }
  }

  /// Gives one command. On return its events are durable.
  /// - Parameters:
  ///   - assumingNew: spares reading an aggregate that probably does not exist.
  ///   - seen: how the aggregate must still stand; otherwise nothing is decided, and it throws.
  package nonisolated(nonsending) func perform(
    _ command: Aggregate.Command, on id: String, by principal: Domain.Principal,
    cause: CommandCause, assumingNew: Bool = false,
    asSeen seen: AggregateSnapshot<Aggregate.State>? = nil
  ) async throws(RPCError) -> Outcome {
    try await perform(on: id, cause: cause, assumingNew: assumingNew, asSeen: seen) {
      (state, now) throws(Rejection) in
      try Aggregate.decide(command, state: state, by: principal, at: now)
    }
  }

  /// The same for a decision that wants to see the state first.
  package nonisolated(nonsending) func perform(
    on id: String, cause: CommandCause, assumingNew: Bool = false,
    asSeen seen: AggregateSnapshot<Aggregate.State>? = nil,
    _ decide: (Aggregate.State, Timestamp) throws(Rejection) -> [Aggregate.Event]
  ) async throws(RPCError) -> Outcome {
    let stream = runtime.stream(id)
    do throws(ExecutionError<Rejection>) {
      return try await runtime.execute(id, taking: cause.taking, assumingNew: assumingNew) {
        (snapshot) throws(Rejection) in
        try snapshot.check(against: seen)
        let now = environment.now()
        let events = try decide(snapshot.state, now)
        let changes = Aggregate.deadlines(
          after: events, from: snapshot.state, at: now, policy: environment.deadlines)
        return Decision(
          events, metadata: cause.metadata, deadlines: changes.map { $0.stored(for: stream) })
      }
    } catch { throw RPCError(error) }
  }

  /// Sets or clears a deadline without any event.
  /// - Parameters:
  ///   - payload: what the deadline's handler is to know.
  ///   - seen: how the aggregate must still stand; otherwise nothing is changed, and it throws.
  package nonisolated(nonsending) func rearm(
    _ id: String, cause: CommandCause, payload: String = "",
    asSeen seen: AggregateSnapshot<Aggregate.State>? = nil,
    _ change: (Aggregate.State, Timestamp) -> Domain.DeadlineChange<Aggregate.DeadlineKind>?
  ) async throws(RPCError) {
    let stream = runtime.stream(id)
    do throws(ExecutionError<Rejection>) {
      _ = try await runtime.execute(id, taking: cause.taking) { (snapshot) throws(Rejection) in
        try snapshot.check(against: seen)
        let changes = change(snapshot.state, environment.now()).map { [$0] } ?? []
        return Decision(
          [], metadata: cause.metadata,
          deadlines: changes.map { $0.stored(for: stream, payload: payload) })
      }
    } catch { throw RPCError(error) }
  }
}

extension AggregateSnapshot {
  /// Throws when something has come of the aggregate since it was `seen`: an event, or what was
  /// taken without one, which may have moved a deadline.
  fileprivate func check(against seen: AggregateSnapshot?) throws(Rejection) {
    guard let seen else { return }
    guard version == seen.version, Set(marks) == Set(seen.marks) else {
      throw Rejection(.illegalState, "something has come of it since it was looked at")
    }
  }
}
