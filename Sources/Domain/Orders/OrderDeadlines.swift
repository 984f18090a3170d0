/// What an order waits for, how long, and what comes of it: every state that is not over has one.
public enum OrderDeadlines {
  public static var rules: [DeadlineRule<OrderPhase, OrderDeadline>] {
    [
      DeadlineRule(
        phases: [.pendingPayment], kind: .paymentPending, owner: "payment",
        outcome: "payment is asked; paymentUnknown when it cannot tell", duration: \.paymentPending),
      DeadlineRule(
        phases: [.awaitingPayment], kind: .paymentParked, owner: "customer, drain",
        outcome: "expired", duration: \.paymentParked),
      DeadlineRule(
        phases: [.paymentUnknown], kind: .paymentUnknown, owner: "payment",
        outcome: "payment is asked; expired when it cannot tell, a late approval is refunded",
        duration: \.paymentUnknown),
      DeadlineRule(
        phases: [.placed], kind: .storeSilent, owner: "our way to the store",
        outcome: "rejected and refunded", duration: \.storeUnreachable),
      DeadlineRule(
        phases: [.placed], kind: .storeSilent, owner: "store, once the ticket reached it",
        outcome: "rejected and refunded; begins anew while the store cannot be heard",
        duration: \.storeSilent),
      DeadlineRule(
        phases: [.cancelRequested], kind: .cancelSilent, owner: "our way to the store",
        outcome: "declined, and the order goes on", duration: \.storeUnreachable),
      DeadlineRule(
        phases: [.cancelRequested], kind: .cancelSilent, owner: "store, once it was asked",
        outcome: "cancelled and refunded; begins anew while the store cannot be heard",
        duration: \.cancelSilent),
      DeadlineRule(
        phases: [.accepted, .cooking, .ready, .deliveryStarted, .pickedUp], kind: .stalled,
        owner: "store, rider, operator",
        outcome: "cancelled and refunded; begins anew while store or delivery cannot be heard",
        duration: \.stalled),
    ]
  }

  /// The one deadline that watches over a phase; nil when nothing is waited for.
  public static func kind(watching phase: OrderPhase) -> OrderDeadline? {
    switch phase {
    case .pendingPayment: .paymentPending
    case .awaitingPayment: .paymentParked
    case .paymentUnknown: .paymentUnknown
    case .placed: .storeSilent
    case .cancelRequested: .cancelSilent
    case .accepted, .cooking, .ready, .deliveryStarted, .pickedUp: .stalled
    case .none, .delivered, .rejected, .cancelled, .expired: nil
    }
  }

  /// What `events`, appended at `now` to an order in `state`, do to its deadlines.
  public static func after(
    _ events: [OrderEvent], from state: OrderState, at now: Timestamp,
    policy: DeadlinePolicy = .standard
  ) -> [DeadlineChange<OrderDeadline>] {
    guard let last = events.last else { return [] }
    let next = Order.evolve(state, events)
    let before = kind(watching: state.phase)
    guard let after = kind(watching: next.phase) else {
      return before.map { [.clear($0)] } ?? []
    }
    // An offer made or answered meanwhile neither puts it off nor undoes that the store was asked.
    if before == .cancelSilent, after == .cancelSilent { return [] }
    let set = DeadlineChange.set(after, at: due(last, after, now, policy))
    guard let before, before != after else { return [set] }
    return [.clear(before), set]
  }

  private static func due(
    _ event: OrderEvent, _ kind: OrderDeadline, _ now: Timestamp, _ policy: DeadlinePolicy
  ) -> Timestamp {
    switch event {
    case .submitted(let draft): return draft.expiresAt
    case .parked(_, let until), .paymentUnknown(let until): return until
    // By our own clock, whatever the store's says: it starts when we hear of it.
    case .receivedByStore: return now.advanced(by: policy.storeSilent)
    default: break
    }
    return switch kind {
    case .paymentPending: now.advanced(by: policy.paymentPending)
    case .paymentParked: now.advanced(by: policy.paymentParked)
    case .paymentUnknown: now.advanced(by: policy.paymentUnknown)
    // Until the store knows of it; from then on it has its own time.
    case .storeSilent, .cancelSilent: now.advanced(by: policy.storeUnreachable)
    case .stalled: now.advanced(by: policy.stalled)
    }
  }
}
