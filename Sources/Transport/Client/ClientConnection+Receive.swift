import Messages

extension ClientConnection {
  /// Bytes came in.
  mutating func received(at now: MonotonicInstant) {
    receivedAt = now
    pingedAt = nil
  }

  /// A frame came in.
  mutating func receive(_ frame: Frame.Kind) -> Action {
    switch (phase, frame) {
    case (.closed, _):
      return .none
    case (_, .goAway(let goAway)):
      return leave(goAway)
    case (.awaitingHelloReply, .helloReply(let reply)):
      return open(reply)
    case (.awaitingHelloReply, _):
      return violate(.violation("\(frame.name) before hello reply"))
    case (_, .reply(let reply)):
      return take(reply.callID) { call in
        call.isStream
          ? .failure(RPCError(code: .internal, message: "a unary answer to a stream call"))
          : .success(reply.payload)
      }
    case (_, .end(let end)):
      return take(end.callID) { call in
        if let error = RPCError(end.status, unprocessed: end.unprocessed) {
          return .failure(error)
        }
        return call.isStream
          ? .success([])
          : .failure(RPCError(code: .internal, message: "a unary call ended without an answer"))
      }
    case (_, .item(let item)):
      return deliver(item)
    case (_, .ping(let ping)):
      return .send(.pong(Pong(nonce: ping.nonce)))
    case (_, .pong):
      return .none
    case (_, .hello), (_, .helloReply), (_, .call), (_, .cancel), (_, .credit):
      return violate(.violation("\(frame.name) is not for a client to receive here"))
    }
  }

  private mutating func open(_ reply: HelloReply) -> Action {
    guard (Self.versionMin...Self.versionMax).contains(reply.version) else {
      return close(
        nil,
        RPCError(
          code: .failedPrecondition,
          message: "the server speaks version \(reply.version), this client "
            + "\(Self.versionMin) to \(Self.versionMax)"))
    }
    serverLimits = ConnectionLimits(reply.limits)
    serverNode = reply.node
    phase = .open
    return .opened
  }

  /// A call's last frame.
  private mutating func take(
    _ id: UInt64, _ result: (ClientCall) -> Result<[UInt8], RPCError>
  ) -> Action {
    guard let entry = calls.removeValue(forKey: id) else { return unknown(id) }
    return entry.isAbandoned ? .none : .finish(entry.call, result(entry.call))
  }

  private mutating func deliver(_ item: StreamItem) -> Action {
    guard let entry = calls[item.callID] else { return unknown(item.callID) }
    guard entry.credit > 0, entry.call.isStream else {
      return violate(.violation("a stream message without credit"))
    }
    calls[item.callID]?.credit = entry.credit - 1
    return entry.isAbandoned ? .none : .deliver(entry.call, payload: item.payload)
  }

  /// The server begins nothing above the go-away's last call; those are safe to send elsewhere.
  private mutating func leave(_ goAway: GoAway) -> Action {
    var error =
      RPCError(goAway.status, unprocessed: true)
      ?? RPCError(code: .unavailable, message: "the server is going away", unprocessed: true)
    if phase == .awaitingHelloReply { return close(nil, error) }
    if error.code == .invalidArgument { error.code = .internal }
    phase = .draining
    var lost: [(call: ClientCall, error: RPCError)] = []
    for (id, entry) in calls where id > goAway.lastCallID {
      calls[id] = nil
      if !entry.isAbandoned { lost.append((entry.call, error)) }
    }
    return .fail(lost, sending: [])
  }

  private mutating func unknown(_ id: UInt64) -> Action {
    if id > 0, id <= lastCallID { return .none }
    return violate(.violation("an answer to call \(id), which was never made"))
  }
}
