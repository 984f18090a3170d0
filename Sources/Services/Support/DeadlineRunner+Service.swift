package import Journal
package import Transport

extension DeadlineRunner where Log == AnyJournal {
  /// Fires the deadlines of a service.
  /// - Parameters:
  ///   - notify: told of failures, for the log; must not block.
  ///   - handle: returns once what the deadline asks for is durable, or not called for.
  package convenience init(
    firing journal: AnyJournal, options: DeadlineOptions = DeadlineOptions(), clock: JournalClock,
    notify: @escaping @Sendable (Deadline?, String) -> Void = { _, _ in },
    _ handle: @escaping @Sendable (Deadline) async throws(RPCError) -> Void
  ) {
    self.init(journal, options: options, clock: clock, notify: notify) {
      (deadline) throws(DeadlineFailure) in
      do throws(RPCError) {
        // It may have been set anew since it was read: then it is not this one that is due.
        guard try await journal.holds(deadline) else { return }
        try await handle(deadline)
      } catch { throw DeadlineFailure(error) }
    }
  }
}

extension DeadlineFailure {
  /// Whatever a service refuses a deadline with, it is tried again.
  package init(_ error: RPCError) { self.init("\(error)") }
}

extension AnyJournal {
  /// Whether it stands as it was read: it may have been set anew, or cleared, since.
  package func holds(_ deadline: Deadline) async throws(RPCError) -> Bool {
    do throws(JournalError) {
      return try await deadlines(of: deadline.key.stream).contains(deadline)
    } catch { throw RPCError(error) }
  }
}
