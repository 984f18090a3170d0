import Domain
import Journal
import Transport

/// What comes of a deadline. The silence of store and delivery is their own only once this service
/// has heard all that they recorded; before that their time begins anew, and so does not run out
/// while they are away. And the store's is consent to cancel only once the store was asked.
extension OrderReplica {
  typealias Snapshot = AggregateSnapshot<Domain.OrderState>

  func snapshot(of id: String) async throws(RPCError) -> Snapshot { try await host.state(of: id) }

  /// Takes a deadline that passed. Throws when the order does not stand any more as it was `seen`
  /// before the deadline was: what moved it may have set the deadline anew.
  func pass(
    _ deadline: Deadline, _ kind: OrderDeadline, seen: Snapshot, cause: CommandCause
  ) async throws(RPCError) {
    let isUnasked = kind == .cancelSilent && !deadline.isOfStoreAsked
    _ = try await host.perform(
      isUnasked ? .declineCancel : .deadlinePassed(kind, environment.deadlines),
      on: deadline.key.stream.id, by: Self.service, cause: cause, asSeen: seen)
  }

  /// Lets the time of those begin anew who could not be heard: for `storeUnreachable` at most,
  /// from when it passed first.
  func putOff(
    _ deadline: Deadline, _ kind: OrderDeadline, seen: Snapshot, cause: CommandCause
  ) async throws(RPCError) {
    let policy = environment.deadlines
    let time =
      switch kind {
      case .cancelSilent: policy.cancelSilent
      case .stalled: policy.stalled
      default: policy.storeSilent
      }
    let first = deadline.passedFirst ?? environment.now()
    let end = first.advanced(by: policy.storeUnreachable)
    try await host.rearm(
      deadline.key.stream.id, cause: cause, payload: "\(first.ms)", asSeen: seen
    ) { (_, now) in
      .set(kind, at: min(now.advanced(by: time), end))
    }
  }

  /// The store knows that the customer wants out: its time to answer begins.
  func storeWasAsked(_ id: String, cause: CommandCause) async throws(RPCError) {
    let time = environment.deadlines.cancelSilent
    try await host.rearm(id, cause: cause, payload: Deadline.storeAsked) { (state, now) in
      state.phase == .cancelRequested ? .set(.cancelSilent, at: now.advanced(by: time)) : nil
    }
  }
}

extension Deadline {
  /// The payload of `cancelSilent` once the store was asked; before that it has none.
  static let storeAsked = "asked"

  /// When it passed first, if it was put off since: its payload then.
  var passedFirst: Timestamp? { Int64(payload).map { Timestamp(ms: $0) } }

  /// Of `cancelSilent`: whether the store was asked. What was put off since was, too.
  var isOfStoreAsked: Bool { !payload.isEmpty }

  /// Whether it may be put off once more while those who are silent cannot be heard: the order, in
  /// this state, still waits for them, and has not done so for too long.
  func mayBePutOff(
    _ kind: OrderDeadline, in state: Domain.OrderState, at now: Timestamp, _ policy: DeadlinePolicy
  ) -> Bool {
    guard OrderDeadlines.kind(watching: state.phase) == kind else { return false }
    switch kind {
    // What has not reached the store at all has waited as long already.
    case .storeSilent where state.storeReceivedAt == nil: return false
    case .cancelSilent where !isOfStoreAsked: return false
    default: break
    }
    return passedFirst.map { now < $0.advanced(by: policy.storeUnreachable) } ?? true
  }
}
