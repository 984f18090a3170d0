extension Payment {
  public static func events(
    for command: PaymentCommand, state: PaymentState, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [PaymentEvent] {
    switch command {
    case .charge(let request): return try charge(request, state)
    case .recordApproved(let attempt, let reference, let amount):
      return try approved(attempt, reference, amount, state)
    case .recordDeclined(let attempt, let reason):
      guard try isOpen(attempt, state) else { return [] }
      return [.declined(attempt: attempt, reason: TextLimit.clipped(reason))]
    case .recordNotCharged(let attempt, let reason):
      guard try isOpen(attempt, state) else { return [] }
      return [.notCharged(attempt: attempt, reason: TextLimit.clipped(reason))]
    case .recordUnknown(let attempt, let reason):
      guard try isOpen(attempt, state), state.phase == .attempting else { return [] }
      return [.unknown(attempt: attempt, reason: TextLimit.clipped(reason))]
    case .void(let reason): return void(TextLimit.clipped(reason), state)
    case .requestRefund(let key, let amount, let reason, let bearer):
      let asked = Refund(key: key, amount: amount, reason: reason, bearer: bearer)
      if key.isOffer, principal.role == .service { return promised(asked, state) }
      return try refund(asked, state)
    case .recordRefunded(let key, let reference):
      guard let refund = try openRefund(key, state) else { return [] }
      return [.refunded(key: key, amount: refund.amount, reference: reference)]
    case .recordRefundFailed(let key, let reason):
      guard try openRefund(key, state) != nil else { return [] }
      return [.refundFailed(key: key, reason: TextLimit.clipped(reason))]
    case .settle:
      guard !state.isSettled, state.phase != .refunded else { return [] }
      return [.settled(kept: state.remaining)]
    }
  }

  private static func charge(
    _ request: PaymentRequest, _ state: PaymentState
  ) throws(Rejection) -> [PaymentEvent] {
    guard let existing = state.request else {
      // Money came to a tombstone that no charge had reached: there is no second one.
      guard state.phase == .none else { return [] }
      guard request.amount > .zero else { throw Rejection(.invalid, "there is nothing to pay") }
      guard request.key == PaymentKey(request.order) else {
        throw Rejection(.invalid, "the payment key is not the order's")
      }
      return [.requested(request), .attempted(attempt: 1, method: nil)]
    }
    var same = existing
    // What is known not to have been charged may be paid in another way.
    if state.phase == .notCharged { same.method = request.method }
    guard same == request else {
      throw Rejection(.conflict, "this payment key was used for another payment")
    }
    guard state.phase == .notCharged else { return [] }
    let method = request.method == existing.method ? nil : request.method
    return [.attempted(attempt: state.attempt + 1, method: method)]
  }

  private static func approved(
    _ attempt: Int, _ reference: ProviderReference, _ amount: Won, _ state: PaymentState
  ) throws(Rejection) -> [PaymentEvent] {
    if let capture = state.reference {
      guard capture == reference, state.captured == amount else {
        throw Rejection(.conflict, "captured already as \(capture), and now again as \(reference)")
      }
      return []
    }
    try checkMade(attempt, state)
    guard amount > .zero else { throw Rejection(.invalid, "nothing was captured") }
    let approval = PaymentEvent.approved(attempt: attempt, reference: reference, amount: amount)
    switch state.phase {
    case .attempting, .unknown, .notCharged:
      if amount == state.request?.amount { return [approval] }
      return [approval, full(amount, "captured another amount than requested")]
    default:
      return [approval, full(amount, "approved after the order had ended")]
    }
  }

  private static func full(_ amount: Won, _ reason: String) -> PaymentEvent {
    .refundRequested(key: .void, amount: amount, reason: reason, bearer: .platform)
  }

  /// Whether an outcome of this attempt is news: it is the last one, and still under way.
  private static func isOpen(_ attempt: Int, _ state: PaymentState) throws(Rejection) -> Bool {
    try checkMade(attempt, state)
    let isUnderWay = [.attempting, .unknown, .voidedOutstanding].contains(state.phase)
    return isUnderWay && attempt == state.attempt
  }

  private static func checkMade(_ attempt: Int, _ state: PaymentState) throws(Rejection) {
    // A tombstone before any charge knows of no attempt; money that arrives there is money still.
    guard attempt >= 1, attempt <= state.attempt || state.request == nil else {
      throw Rejection(.invalid, "attempt \(attempt) was never made")
    }
  }

  private static func void(_ reason: String, _ state: PaymentState) -> [PaymentEvent] {
    switch state.phase {
    case .none, .notCharged, .attempting, .unknown: return [.voided(reason: reason)]
    case .approved, .refunding:
      guard state.remaining > .zero, state.refund(.void) == nil, !state.isSettled else { return [] }
      return [full(state.remaining, reason)]
    case .declined, .voided, .voidedOutstanding, .refunded, .settled: return []
    }
  }

  private static func refund(
    _ refund: Refund, _ state: PaymentState
  ) throws(Rejection) -> [PaymentEvent] {
    if let existing = state.refund(refund.key) {
      guard existing.amount == refund.amount, existing.bearer == refund.bearer else {
        let (amount, bearer) = (existing.amount, existing.bearer.rawValue)
        throw Rejection(
          .conflict, "refund \(refund.key) was requested over \(amount), borne by the \(bearer)")
      }
      return []
    }
    try TextLimit.reason(refund.reason)
    guard refund.key != .void, !refund.key.isOffer else {
      throw Rejection(.invalid, "the refund key \(refund.key) is reserved")
    }
    guard refund.amount > .zero else { throw Rejection(.invalid, "there is nothing to refund") }
    guard refund.amount <= state.remaining else {
      throw Rejection(.invalid, "only \(state.remaining) are left to refund")
    }
    guard state.refunds.count < refundsMax else {
      throw Rejection(.invalid, "the payment has \(refundsMax) refunds already")
    }
    return [
      .refundRequested(
        key: refund.key, amount: refund.amount, reason: refund.reason, bearer: refund.bearer)
    ]
  }

  /// What the customer was promised for what is left out; an operator may have given back part of
  /// it before. It is not refused: the order's later events would wait behind the refusal, and the
  /// money with them.
  private static func promised(_ refund: Refund, _ state: PaymentState) -> [PaymentEvent] {
    let amount = min(refund.amount, state.remaining)
    guard state.refund(refund.key) == nil, amount > .zero else { return [] }
    return [
      .refundRequested(
        key: refund.key, amount: amount, reason: TextLimit.clipped(refund.reason),
        bearer: refund.bearer)
    ]
  }

  /// The refund under this key while it is to be done; nil when it is done.
  private static func openRefund(
    _ key: RefundKey, _ state: PaymentState
  ) throws(Rejection) -> Refund? {
    guard let refund = state.refund(key) else {
      throw Rejection(.notFound, "refund \(key) was never requested")
    }
    return refund.isDone ? nil : refund
  }
}
