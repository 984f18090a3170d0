/// When somebody looks at a payment again.
public enum PaymentDeadline: String, CaseIterable, Hashable, Sendable {
  /// Ask the provider how the attempt went.
  case askAgain
  /// Try the refunds that are still to be done.
  case refundRetry
}

/// What a payment waits for. A deadline that fires is carried out from `PaymentState.outstanding`
/// and set anew while the phase lasts; it gives up on no money.
public enum PaymentDeadlines {
  /// The longest until a refund is tried again, however often it failed.
  public static let refundRetryMax = Duration.seconds(60 * 60)
  /// After this many failures the time between two attempts is doubled no more.
  private static let refundDoublingsMax = 16

  public static var rules: [DeadlineRule<PaymentPhase, PaymentDeadline>] {
    [
      DeadlineRule(
        phases: [.attempting], kind: .askAgain, owner: "provider", outcome: "asked, same key",
        duration: \.attemptSilent),
      DeadlineRule(
        phases: [.unknown, .voidedOutstanding], kind: .askAgain, owner: "provider",
        outcome: "asked again, same key", duration: \.askAgain),
      DeadlineRule(
        phases: [.refunding], kind: .refundRetry, owner: "provider",
        outcome: "refunded, or tried again", duration: \.refundRetry),
    ]
  }

  /// The one deadline that watches over a phase; nil when nothing is waited for.
  public static func kind(watching phase: PaymentPhase) -> PaymentDeadline? {
    switch phase {
    case .attempting, .unknown, .voidedOutstanding: .askAgain
    case .refunding: .refundRetry
    case .none, .approved, .declined, .notCharged, .voided, .refunded, .settled: nil
    }
  }

  /// When to look again at a payment in this state, if nothing happens; also after a deadline
  /// that changed nothing.
  public static func next(
    for state: PaymentState, at now: Timestamp, policy: DeadlinePolicy = .standard
  ) -> DeadlineChange<PaymentDeadline>? {
    switch state.phase {
    case .attempting: .set(.askAgain, at: now.advanced(by: policy.attemptSilent))
    case .unknown, .voidedOutstanding: .set(.askAgain, at: now.advanced(by: policy.askAgain))
    case .refunding: .set(.refundRetry, at: now.advanced(by: refundWait(state, policy)))
    default: nil
    }
  }

  /// Doubles with each failure. Of several refunds the one that failed least often sets the pace,
  /// so that a new one does not wait for those that fail.
  private static func refundWait(_ state: PaymentState, _ policy: DeadlinePolicy) -> Duration {
    let failures = state.refunds.filter { !$0.isDone }.map(\.failures).min() ?? 0
    let factor = 1 << min(failures, refundDoublingsMax)
    // Limited before it is multiplied, so that it cannot overflow.
    return min(min(policy.refundRetry, refundRetryMax) * factor, refundRetryMax)
  }

  /// What `events`, appended at `now` to a payment in `state`, do to its deadlines.
  public static func after(
    _ events: [PaymentEvent], from state: PaymentState, at now: Timestamp,
    policy: DeadlinePolicy = .standard
  ) -> [DeadlineChange<PaymentDeadline>] {
    guard !events.isEmpty else { return [] }
    let after = Payment.evolve(state, events)
    let before = kind(watching: state.phase)
    var changes: [DeadlineChange<PaymentDeadline>] = []
    if let before, before != kind(watching: after.phase) { changes.append(.clear(before)) }
    if let set = next(for: after, at: now, policy: policy) { changes.append(set) }
    return changes
  }
}
