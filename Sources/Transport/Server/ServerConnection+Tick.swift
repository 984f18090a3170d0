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
    if let action = silence(at: now) { return action }
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

  /// What the client's silence makes due. While it is not read from, only how long it has taken
  /// nothing counts.
  private mutating func silence(at now: MonotonicInstant) -> Action? {
    if let stall {
      return now >= stall.since.advanced(by: limits.silenceMax) ? disconnected() : nil
    }
    if let frameStartedAt, now >= frameStartedAt.advanced(by: limits.frameTimeout) {
      return violate(WireError(code: .deadlineExceeded, message: "a frame took too long"))
    }
    if let pingedAt {
      return now >= pingedAt.advanced(by: limits.keepaliveTimeout) ? disconnected() : nil
    }
    guard now >= receivedAt.advanced(by: limits.keepaliveInterval) else { return nil }
    pingedAt = now
    nonce &+= 1
    return .send(.ping(Ping(nonce: nonce)))
  }

  /// When `silence` is due.
  private func nextSilence() -> MonotonicInstant {
    if let stall {
      // What the socket still holds is asked for now and then: it counts against the bounds.
      return min(
        stall.since.advanced(by: limits.silenceMax), stall.notedAt.advanced(by: .seconds(1)))
    }
    let alive =
      pingedAt?.advanced(by: limits.keepaliveTimeout)
      ?? receivedAt.advanced(by: limits.keepaliveInterval)
    guard let frameStartedAt else { return alive }
    return min(alive, frameStartedAt.advanced(by: limits.frameTimeout))
  }

  /// The client does not take what there is to send and is not read from; the socket holds that
  /// many bytes for it. So many fewer than before are a sign of life.
  mutating func stalled(unsentBytes: Int, at now: MonotonicInstant) {
    if let stall,
      stall.unsentBytes - unsentBytes < limits.progressBytesMin(of: stall.unsentBytes)
    {
      self.stall?.notedAt = now
      return
    }
    stall = Stall(since: now, unsentBytes: unsentBytes, notedAt: now)
  }

  /// The client is read from again: what it could not be heard saying is no silence.
  mutating func resumed(at now: MonotonicInstant) {
    guard stall != nil else { return }
    stall = nil
    receivedAt = now
    pingedAt = nil
    if frameStartedAt != nil { frameStartedAt = now }
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
    var next = nextSilence()
    if earliestDeadline < next { next = earliestDeadline }
    if proofEndsAt < next { next = proofEndsAt }
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
