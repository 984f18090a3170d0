import Domain
import Journal
import Transport

/// The store's silence. It is the store's own only once this service has heard all that the store
/// recorded; before that the store's time begins anew, and so does not run out while it is away.
extension OrderReplica {
  /// Whether a deadline of the store's may be put off: the order still waits for it, and has not
  /// done so for `storeUnreachable` since it fell due first. What has not reached the store at all
  /// is not put off, for it has waited that long already.
  func mayPutOff(_ deadline: Deadline, _ kind: OrderDeadline) async throws(RPCError) -> Bool {
    let state = try await host.state(of: deadline.key.stream.id).state
    guard OrderDeadlines.kind(watching: state.phase) == kind else { return false }
    guard kind != .storeSilent || state.storeReceivedAt != nil else { return false }
    return environment.now() < end(of: deadline)
  }

  /// Lets the store's time begin anew.
  func putOff(
    _ deadline: Deadline, _ kind: OrderDeadline, cause: CommandCause
  ) async throws(RPCError) {
    let policy = environment.deadlines
    let time = kind == .cancelSilent ? policy.cancelSilent : policy.storeSilent
    let end = end(of: deadline)
    try await host.rearm(
      deadline.key.stream.id, cause: cause, payload: "\(deadline.firstDueAt.ms)"
    ) { (state, now) in
      guard OrderDeadlines.kind(watching: state.phase) == kind else { return nil }
      return .set(kind, at: min(now.advanced(by: time), end))
    }
  }

  /// Until when at most it may be put off.
  private func end(of deadline: Deadline) -> Timestamp {
    deadline.firstDueAt.advanced(by: environment.deadlines.storeUnreachable)
  }
}

extension Deadline {
  /// When it fell due first. One that is put off keeps that as its payload.
  fileprivate var firstDueAt: Timestamp { Timestamp(ms: Int64(payload) ?? dueAt.milliseconds) }
}
