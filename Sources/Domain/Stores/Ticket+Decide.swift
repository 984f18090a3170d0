extension Ticket {
  package static func events(
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
    case .confirm: return state.phase == .acceptRequested ? [.confirmed] : []
    case .withdraw(let reason):
      let isOver = [.refused, .withdrawn, .closed].contains(state.phase)
      return isOver ? [] : [.withdrawn(reason: TextLimit.clipped(reason))]
    case .startCooking: return state.phase == .cooking ? [] : [.cookingStarted]
    case .finishCooking: return state.phase == .cooking ? [.cookingFinished] : []
    case .askCancel(let reason):
      return state.phase == .confirmed ? [.cancelAsked(reason: TextLimit.clipped(reason))] : []
    case .agreeCancel: return state.phase == .cancelAsked ? [.cancelAgreed] : []
    case .declineCancel: return state.phase == .cancelAsked ? [.cancelDeclined] : []
    case .close: return state.phase == .ready ? [.closed] : []
    }
  }

  static func checkEta(_ minutes: Int) throws(Rejection) {
    guard (1...etaMinutesMax).contains(minutes) else {
      throw Rejection(.invalid, "the time to cook must be 1 to \(etaMinutesMax) minutes")
    }
  }

  /// The first event of a stream is `received`, or a `withdrawn` that came before it; what is
  /// refused, withdrawn or closed stays so.
  package static func evolve(_ state: TicketState, _ event: TicketEvent) -> TicketState {
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
    case .closed: next.phase = .closed
    }
    return next
  }
}
