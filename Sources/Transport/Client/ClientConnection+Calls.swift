import Messages

extension ClientConnection {
  enum Begin {
    case send(Frame.Kind)
    case refuse(RPCError)
  }

  /// Begins a call. What is refused here was never sent and is safe to try elsewhere.
  mutating func begin(
    _ call: ClientCall, _ method: String, payload: [UInt8], options: CallOptions,
    at now: MonotonicInstant
  ) -> Begin {
    let deadline = call.deadline
    guard phase == .open else {
      return .refuse(
        RPCError(code: .unavailable, message: "the connection is not open", unprocessed: true))
    }
    let callsMax = min(
      limits.connection.callsInFlightMax, serverLimits.callsInFlightMax)
    guard calls.count < Int(callsMax) else {
      return .refuse(
        RPCError(
          code: .resourceExhausted, message: "\(callsMax) calls are in flight already",
          unprocessed: true))
    }
    let envelopeBytesMax = 64
    // An entry counts more than its tags and lengths can take.
    let headerBytes = envelopeBytesMax + method.utf8.count + options.metadata.byteCount
    guard payload.count + headerBytes <= Int(serverLimits.frameBytesMax) else {
      return .refuse(
        RPCError(
          code: .resourceExhausted,
          message: "a request of \(payload.count) bytes is over the server's frame limit of "
            + "\(serverLimits.frameBytesMax) bytes", unprocessed: true))
    }
    let left = deadline == .distantFuture ? 0 : now.nanoseconds(until: deadline)
    guard deadline == .distantFuture || left > 0 else {
      return .refuse(
        RPCError(code: .deadlineExceeded, message: "the deadline has passed", unprocessed: true))
    }
    let credit =
      call.isStream ? min(max(1, options.streamCredit), serverLimits.streamCreditMax) : 0
    lastCallID += 1
    call.id = lastCallID
    call.creditGranted = credit
    calls[lastCallID] = InFlight(call: call, credit: credit)
    if deadline < earliestDeadline { earliestDeadline = deadline }
    return .send(
      .call(
        Call(
          callID: lastCallID, method: method, payload: payload,
          timeoutUs: left > 0 ? UInt64((left - 1) / 1000 + 1) : 0,
          metadata: options.metadata.isEmpty ? [] : options.metadata.wire, credit: credit)))
  }

  /// The caller has gone. The server is told, and its answer will be dropped.
  mutating func cancel(_ id: UInt64, _ error: RPCError) -> Action {
    guard let entry = calls[id], !entry.isAbandoned, phase != .closed else { return .none }
    calls[id]?.isAbandoned = true
    return .fail([(entry.call, error)], sending: [.cancel(CancelCall(callID: id))])
  }

  /// The reader of a stream has room for more.
  mutating func grant(_ messages: UInt32, to id: UInt64) -> Action {
    guard let entry = calls[id], !entry.isAbandoned, phase != .closed else { return .none }
    let (sum, overflow) = entry.credit.addingReportingOverflow(messages)
    guard !overflow, sum <= serverLimits.streamCreditMax else { return .none }
    calls[id]?.credit = sum
    return .send(.credit(Credit(callID: id, messages: messages)))
  }

  /// Time has passed. One due action at a time; call again until it is `none`.
  mutating func tick(at now: MonotonicInstant) -> Action {
    switch phase {
    case .closed:
      return .none
    case .awaitingHelloReply:
      guard now >= openedAt.advanced(by: limits.connectTimeout) else { return .none }
      return close(
        nil, RPCError(code: .unavailable, message: "no hello in time", unprocessed: true))
    case .open, .draining:
      break
    }
    if let pingedAt {
      if now >= pingedAt.advanced(by: limits.keepaliveTimeout) {
        return close(nil, RPCError(code: .unavailable, message: "the server is silent"))
      }
    } else if now >= receivedAt.advanced(by: limits.keepaliveInterval) {
      pingedAt = now
      nonce &+= 1
      return .send(.ping(Ping(nonce: nonce)))
    }
    return now >= earliestDeadline ? expire(at: now) : .none
  }

  /// When to call `tick` next, if nothing happens before.
  func nextTick() -> MonotonicInstant {
    switch phase {
    case .closed:
      return .distantFuture
    case .awaitingHelloReply:
      return openedAt.advanced(by: limits.connectTimeout)
    case .open, .draining:
      let alive =
        pingedAt?.advanced(by: limits.keepaliveTimeout)
        ?? receivedAt.advanced(by: limits.keepaliveInterval)
      return min(alive, earliestDeadline)
    }
  }

  private mutating func expire(at now: MonotonicInstant) -> Action {
    let error = RPCError(code: .deadlineExceeded, message: "the deadline passed")
    var failed: [(call: ClientCall, error: RPCError)] = []
    earliestDeadline = .distantFuture
    for entry in calls.values where !entry.isAbandoned {
      if entry.call.deadline <= now {
        failed.append((entry.call, error))
      } else {
        earliestDeadline = min(earliestDeadline, entry.call.deadline)
      }
    }
    for (call, _) in failed { calls[call.id]?.isAbandoned = true }
    guard !failed.isEmpty else { return .none }
    return .fail(failed, sending: failed.map { .cancel(CancelCall(callID: $0.call.id)) })
  }
}
