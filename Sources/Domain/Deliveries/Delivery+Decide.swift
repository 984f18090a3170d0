extension Delivery {
  public static func events(
    for command: DeliveryCommand, state: DeliveryState, by principal: Principal, at now: Timestamp
  ) throws(Rejection) -> [DeliveryEvent] {
    switch command {
    case .open(let job): return state.phase == .none ? [.opened(job)] : []
    case .offer(let rider, let until): return try offer(rider, until, state)
    case .claim(let rider): return try claim(rider, state)
    case .declineOffer(let rider):
      let isAsked = state.phase == .offered && state.rider == rider
      return isAsked ? [.offerDeclined(rider: rider)] : []
    case .offerExpired(let round):
      guard state.phase == .offered, round == state.rounds, let rider = state.rider
      else { return [] }
      return [.offerExpired(rider: rider, round: round)]
    case .foodReady:
      let isEarly = [.waiting, .offered, .escalated, .assigned].contains(state.phase)
      return isEarly && !state.isFoodReady ? [.foodReady] : []
    case .start(let rider):
      guard state.phase == .assigned else { return [] }
      guard state.isFoodReady else {
        throw Rejection(.illegalState, "the food is not ready yet")
      }
      return [.started(rider: rider)]
    case .pickUp(let rider): return state.phase == .started ? [.pickedUp(rider: rider)] : []
    case .complete(let rider): return state.phase == .pickedUp ? [.completed(rider: rider)] : []
    case .unassign(let reason):
      guard state.phase == .assigned, let rider = state.rider else { return [] }
      try TextLimit.reason(reason)
      return [.unassigned(rider: rider, reason: reason)]
    case .release(let reason):
      let isOver = state.phase == .delivered || state.phase == .released
      return isOver ? [] : [.released(reason: TextLimit.clipped(reason))]
    case .escalate: return state.phase == .waiting ? [.escalated] : []
    }
  }

  private static func offer(
    _ rider: RiderID, _ until: Timestamp, _ state: DeliveryState
  ) throws(Rejection) -> [DeliveryEvent] {
    switch state.phase {
    case .waiting, .escalated:
      return [.offered(rider: rider, until: until, round: state.rounds + 1)]
    case .offered where state.rider != rider:
      throw Rejection(.conflict, "offered to another rider at the moment")
    default: return []
    }
  }

  private static func claim(
    _ rider: RiderID, _ state: DeliveryState
  ) throws(Rejection) -> [DeliveryEvent] {
    switch state.phase {
    case .waiting, .escalated: return [.assigned(rider: rider)]
    case .offered where state.rider == rider: return [.assigned(rider: rider)]
    case .offered: throw Rejection(.conflict, "offered to another rider at the moment")
    default:
      guard state.rider == rider else {
        throw Rejection(.conflict, "another rider has this delivery")
      }
      return []
    }
  }

  /// The first event of a stream is `opened`, or a `released` that came before it; what is
  /// delivered or released stays so.
  public static func evolve(_ state: DeliveryState, _ event: DeliveryEvent) -> DeliveryState {
    var next = state
    switch (state.phase, event) {
    case (.none, .opened(let job)):
      next.phase = .waiting
      next.job = job
      return next
    case (.none, .released): next.phase = .released
    case (.none, _), (.delivered, _), (.released, _): return state
    default: break
    }
    switch event {
    case .opened: break
    case .offered(let rider, let until, let round):
      next.phase = .offered
      next.rider = rider
      next.offeredUntil = until
      next.rounds = round
    case .offerDeclined(let rider), .offerExpired(let rider, _), .unassigned(let rider, _):
      next.phase = .waiting
      next.rider = nil
      next.offeredUntil = nil
      next.passedOver.removeAll { $0 == rider }
      next.passedOver = (next.passedOver + [rider]).suffix(passedOverMax)
    case .assigned(let rider):
      next.phase = .assigned
      next.rider = rider
      next.offeredUntil = nil
    case .foodReady: next.isFoodReady = true
    case .started: next.phase = .started
    case .pickedUp: next.phase = .pickedUp
    case .completed: next.phase = .delivered
    case .released: next.phase = .released
    case .escalated: next.phase = .escalated
    }
    return next
  }
}
