/// The deadlines a delivery can wait for; at most one at a time.
public enum DeliveryDeadline: String, CaseIterable, Hashable, Sendable {
  /// Nobody brings it: offer it to the next rider, or escalate.
  case noRider
  /// The rider asked did not answer.
  case offerSilent
  /// The assigned rider did not set out although the food is ready.
  case riderIdle
  /// No rider was found: people look at it.
  case escalated
}

/// What a delivery waits for. The order's own `stalled` deadline watches over the way itself.
public enum DeliveryDeadlines {
  public static var rules: [DeadlineRule<DeliveryPhase, DeliveryDeadline>] {
    [
      DeadlineRule(
        phases: [.waiting], kind: .noRider, owner: "dispatch",
        outcome: "offered to the next, escalated after the last round", duration: \.noRider),
      DeadlineRule(
        phases: [.offered], kind: .offerSilent, owner: "rider",
        outcome: "offered to the next", duration: \.offer),
      DeadlineRule(
        phases: [.assigned], kind: .riderIdle, owner: "rider, once the food is ready",
        outcome: "taken off, offered to the next", duration: \.riderIdle),
      DeadlineRule(
        phases: [.escalated], kind: .escalated, owner: "operator, riders who may claim it",
        outcome: "cancelled with its order", duration: \.stalled),
    ]
  }

  /// The one deadline that watches over a state; nil when nothing is waited for.
  public static func kind(watching state: DeliveryState) -> DeliveryDeadline? {
    switch state.phase {
    case .waiting: .noRider
    case .offered: .offerSilent
    case .assigned where state.isFoodReady: .riderIdle
    case .escalated: .escalated
    default: nil
    }
  }

  /// What `events`, appended at `now` to a delivery in `state`, do to its deadlines.
  public static func after(
    _ events: [DeliveryEvent], from state: DeliveryState, at now: Timestamp,
    policy: DeadlinePolicy = .standard
  ) -> [DeadlineChange<DeliveryDeadline>] {
    let next = Delivery.evolve(state, events)
    let before = kind(watching: state)
    let after = kind(watching: next)
    // Food that gets ready while nobody is assigned does not give dispatch more time.
    guard before != after || state.rounds != next.rounds else { return [] }
    var changes: [DeadlineChange<DeliveryDeadline>] = []
    if let before, before != after { changes.append(.clear(before)) }
    switch after {
    case .noRider: changes.append(.set(.noRider, at: now.advanced(by: policy.noRider)))
    case .offerSilent:
      changes.append(.set(.offerSilent, at: next.offeredUntil ?? now.advanced(by: policy.offer)))
    case .riderIdle: changes.append(.set(.riderIdle, at: now.advanced(by: policy.riderIdle)))
    case .escalated: changes.append(.set(.escalated, at: now.advanced(by: policy.stalled)))
    case nil: break
    }
    return changes
  }
}
