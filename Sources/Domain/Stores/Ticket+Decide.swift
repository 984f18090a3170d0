extension Ticket {
  public static func events(
    for command: TicketCommand, state: TicketState, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [TicketEvent] {
    switch command {
    case .receive(let order):
      return state.phase == .none ? [.received(order)] : []
    case .accept(let minutes):
      try checkEta(minutes)
      return state.phase == .received ? [.accepted(etaMinutes: minutes)] : []
    case .refuse(let reason):
      try TextLimit.reason(reason)
      return state.phase == .received ? [.refused(reason: reason)] : []
    case .confirm:
      return [.acceptRequested, .cancelAsked].contains(state.phase) ? [.confirmed] : []
    case .withdraw(let reason):
      let isOver = [.refused, .withdrawn, .closed].contains(state.phase)
      return isOver ? [] : [.withdrawn(reason: TextLimit.clipped(reason))]
    case .startCooking: return state.phase == .cooking ? [] : [.cookingStarted]
    case .finishCooking: return state.phase == .cooking ? [.cookingFinished] : []
    case .askCancel(let reason):
      return state.phase == .confirmed ? [.cancelAsked(reason: TextLimit.clipped(reason))] : []
    case .agreeCancel: return state.phase == .cancelAsked ? [.cancelAgreed] : []
    case .declineCancel: return state.phase == .cancelAsked ? [.cancelDeclined] : []
    case .offerRefund(let items, let reason, let number):
      return try offer(items, reason, number, state)
    case .recordAnswer(let answer):
      let isOver = [.refused, .withdrawn, .closed].contains(state.phase)
      let isOpen = state.offers.contains { $0.number == answer.number && $0.accepted == nil }
      return isOpen && !isOver ? [.offerAnswered(answer)] : []
    case .close: return state.phase == .ready ? [.closed] : []
    }
  }

  private static func offer(
    _ items: [OfferedItem], _ reason: String, _ number: Int?, _ state: TicketState
  ) throws(Rejection) -> [TicketEvent] {
    try TextLimit.reason(reason)
    let next = state.offers.count + 1
    if let number, number != next {
      guard let made = state.offers.first(where: { $0.number == number }) else {
        throw Rejection(.invalid, "the next offer of the order is number \(next), not \(number)")
      }
      guard made.items == items, made.reason == reason else {
        throw Rejection(.conflict, "offer \(number) was made of other items or for another reason")
      }
      return []
    }
    if let last = state.offers.last, last.accepted == nil {
      guard number == nil, last.items == items, last.reason == reason else {
        throw Rejection(.illegalState, "offer \(last.number) still waits for its answer")
      }
      return []
    }
    guard state.offers.count < RefundOffer.offersMax else {
      throw Rejection(.invalid, "the order has seen \(RefundOffer.offersMax) offers already")
    }
    let leftOut = state.offers.filter { $0.accepted == true }.flatMap(\.items)
    _ = try RefundOffer.value(of: items, in: state.order?.lines ?? [], without: leftOut)
    return [.refundOffered(number: next, items: items, reason: reason)]
  }

  static func checkEta(_ minutes: Int) throws(Rejection) {
    guard (1...etaMinutesMax).contains(minutes) else {
      throw Rejection(.invalid, "the time to cook must be 1 to \(etaMinutesMax) minutes")
    }
  }

  /// The first event of a stream is `received`, or a `withdrawn` that came before it; what is
  /// refused, withdrawn or closed stays so.
  public static func evolve(_ state: TicketState, _ event: TicketEvent) -> TicketState {
    var next = state
    switch (state.phase, event) {
    case (.none, .received(let order)):
      next.phase = .received
      next.order = order
      return next
    case (.none, .withdrawn(let reason)):
      next.phase = .withdrawn
      next.reason = reason
      return next
    case (.none, _), (.refused, _), (.withdrawn, _), (.closed, _): return state
    default: break
    }
    switch event {
    case .received: break
    case .accepted(let minutes):
      next.phase = .acceptRequested
      next.etaMinutes = minutes
    case .refused(let reason):
      next.phase = .refused
      next.reason = reason
    case .confirmed, .cancelDeclined: next.phase = .confirmed
    case .withdrawn(let reason):
      next.phase = .withdrawn
      next.reason = reason
    case .cookingStarted: next.phase = .cooking
    case .cookingFinished: next.phase = .ready
    case .cancelAsked(let reason):
      next.phase = .cancelAsked
      next.reason = reason
    case .cancelAgreed: next.phase = .withdrawn
    case .refundOffered(let number, let items, let reason):
      next.offers.append(TicketOffer(number: number, items: items, reason: reason))
    case .offerAnswered(let answer):
      guard let index = state.offers.firstIndex(where: { $0.number == answer.number })
      else { return state }
      next.offers[index].accepted = answer.accepted
    case .closed: next.phase = .closed
    }
    return next
  }
}
