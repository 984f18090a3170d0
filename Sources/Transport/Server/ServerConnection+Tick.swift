import Messages

extension ServerConnection {
  /// Time has passed. One due action at a time; call again until it is `none`.
  mutating func tick(at now: MonotonicInstant) -> Action {
    if !calls.isEmpty { busyAt = now }
    switch phase {
    case .closed:
      return .none
    case .awaitingHello, .verifying:
      guard now >= openedAt.advanced(by: limits.helloTimeout) else { return .none }
      return violate(WireError(code: .deadlineExceeded, message: "no hello in time"))
    case .open, .draining:
      break
    }
    if let frameStartedAt, now >= frameStartedAt.advanced(by: limits.frameTimeout) {
      return violate(WireError(code: .deadlineExceeded, message: "a frame took too long"))
    }
    if let pingedAt {
      if now >= pingedAt.advanced(by: limits.keepaliveTimeout) { return disconnected() }
    } else if now >= receivedAt.advanced(by: limits.keepaliveInterval) {
      pingedAt = now
      nonce &+= 1
      return .send(.ping(Ping(nonce: nonce)))
    }
    if now >= earliestDeadline { return expire(at: now) }
    if now >= proofEndsAt { proofEndsAt = .distantFuture }
    if let error = peer.problem?(now) {
      let action = answer(error) { $0.route.isStream }
      if case .answerAndStop = action { return action }
    }
    if phase == .open, calls.isEmpty, now >= busyAt.advanced(by: limits.idleTimeout) {
      return drain()
    }
    return .none
  }

  /// When to call `tick` next, if nothing happens before.
  func nextTick() -> MonotonicInstant {
    switch phase {
    case .closed:
      return .distantFuture
    case .awaitingHello, .verifying:
      return openedAt.advanced(by: limits.helloTimeout)
    case .open, .draining:
      break
    }
    var next =
      pingedAt?.advanced(by: limits.keepaliveTimeout)
      ?? receivedAt.advanced(by: limits.keepaliveInterval)
    if earliestDeadline < next { next = earliestDeadline }
    if proofEndsAt < next { next = proofEndsAt }
    if let frameStartedAt { next = min(next, frameStartedAt.advanced(by: limits.frameTimeout)) }
    if phase == .open, calls.isEmpty { next = min(next, busyAt.advanced(by: limits.idleTimeout)) }
    return next
  }

  /// Ends every call whose deadline has passed, and learns the earliest that has not.
  private mutating func expire(at now: MonotonicInstant) -> Action {
    let action = answer(RPCError(code: .deadlineExceeded, message: "the deadline passed")) {
      $0.deadline <= now
    }
    earliestDeadline = .distantFuture
    for entry in calls.values where !entry.isAnswered {
      earliestDeadline = min(earliestDeadline, entry.call.deadline)
    }
    return action
  }
}
