extension Payment {
  /// Total: an event whose predecessor is missing, or that came before, changes nothing.
  public static func evolve(_ state: PaymentState, _ event: PaymentEvent) -> PaymentState {
    var next = state
    switch event {
    case .requested(let request):
      guard state.phase == .none else { return state }
      next.request = request
      next.phase = .attempting
    case .attempted(let attempt, let method):
      guard state.phase == .attempting || state.phase == .notCharged else { return state }
      if let method { next.request?.method = method }
      next.attempt = attempt
      next.phase = .attempting
    case .approved(_, let reference, let amount):
      guard state.reference == nil, state.phase != .none else { return state }
      next.captured = amount
      next.reference = reference
      next.phase = .approved
    case .declined(_, let reason):
      next = outcome(.declined, reason, state)
    case .notCharged(_, let reason):
      next = outcome(.notCharged, reason, state)
    case .unknown(_, let reason):
      guard state.phase == .attempting else { return state }
      next.phase = .unknown
      next.lastReason = reason
    case .voided(let reason): next = voided(reason, state)
    case .refundRequested(let key, let amount, let reason, let bearer):
      guard state.refund(key) == nil, amount <= state.remaining else { return state }
      next.refunds.append(Refund(key: key, amount: amount, reason: reason, bearer: bearer))
      next.phase = .refunding
    case .refunded(let key, _, let reference):
      guard let index = state.refunds.firstIndex(where: { $0.key == key && !$0.isDone })
      else { return state }
      next.refunds[index].reference = reference
      next.phase = phase(afterRefundIn: next)
    case .refundFailed(let key, _):
      guard let index = state.refunds.firstIndex(where: { $0.key == key && !$0.isDone })
      else { return state }
      next.refunds[index].failures += 1
    case .settled:
      guard state.phase == .approved || state.phase == .refunding else { return state }
      next.isSettled = true
      if state.phase == .approved { next.phase = .settled }
    }
    return next
  }

  private static func outcome(
    _ phase: PaymentPhase, _ reason: String, _ state: PaymentState
  ) -> PaymentState {
    var next = state
    switch state.phase {
    case .attempting, .unknown: next.phase = phase
    case .voidedOutstanding: next.phase = .voided
    default: return state
    }
    next.lastReason = reason
    return next
  }

  private static func voided(_ reason: String, _ state: PaymentState) -> PaymentState {
    var next = state
    switch state.phase {
    case .none, .notCharged: next.phase = .voided
    case .attempting, .unknown: next.phase = .voidedOutstanding
    default: return state
    }
    next.lastReason = reason
    return next
  }

  private static func phase(afterRefundIn state: PaymentState) -> PaymentPhase {
    if state.refunds.contains(where: { !$0.isDone }) { return .refunding }
    if state.refunded == state.captured { return .refunded }
    return state.isSettled ? .settled : .approved
  }
}
