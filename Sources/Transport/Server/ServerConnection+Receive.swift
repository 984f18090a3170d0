import Messages

extension ServerConnection {
  /// Bytes came in; `isPartial` if they end inside a frame.
  mutating func received(at now: MonotonicInstant, isPartial: Bool) {
    receivedAt = now
    pingedAt = nil
    if !isPartial {
      frameStartedAt = nil
    } else if frameStartedAt == nil {
      frameStartedAt = now
    }
  }

  /// So much of what has come waits, or is of a frame that is not complete. Without a bound for all
  /// connections together, each could hold a whole frame that never counts as a request.
  mutating func hold(_ bytes: Int) -> Action {
    let counted = max(0, bytes - ServerLimits.uncountedBytes)
    guard counted != pendingBytes else { return .none }
    let isThere = frames.recount(from: pendingBytes, to: counted)
    pendingBytes = counted
    guard !isThere else { return .none }
    return violate(
      WireError(code: .resourceExhausted, message: "the server holds too many unfinished frames"))
  }

  /// A whole frame came in. `route` looks a method up.
  mutating func receive(
    _ frame: Frame.Kind, at now: MonotonicInstant, route: (String) -> Router.Route?
  ) -> Action {
    // Whatever follows it in the same bytes has begun just now.
    frameStartedAt = nil
    // A call counts by itself.
    if pendingBytes > 0 { _ = hold(0) }
    switch (phase, frame) {
    case (.closed, _):
      return .none
    case (.awaitingHello, .hello(let hello)):
      return greet(hello)
    case (.verifying, _):
      // The driver hands nothing over before `verified`.
      return violate(.violation("\(frame.name) before the hello was answered"))
    case (.awaitingHello, _):
      return violate(.violation("\(frame.name) before hello"))
    case (.open, .call(let call)):
      return begin(call, at: now, route: route)
    case (.draining, .call):
      // Beyond the go-away: the client knows that this call was never begun.
      return .none
    case (_, .cancel(let cancel)):
      return self.cancel(cancel.callID)
    case (_, .credit(let credit)):
      return grant(credit.messages, to: credit.callID)
    case (_, .ping(let ping)):
      return .send(.pong(Pong(nonce: ping.nonce)))
    case (_, .pong):
      return .none
    case (_, .goAway):
      phase = .draining
      return .none
    case (_, .hello), (_, .helloReply), (_, .reply), (_, .item), (_, .end):
      return violate(.violation("\(frame.name) is not for a server to receive here"))
    }
  }

  private mutating func greet(_ hello: Hello) -> Action {
    guard hello.versionMin <= Self.versionMax, hello.versionMax >= Self.versionMin else {
      return refuse(
        RPCError(
          code: .failedPrecondition,
          message: "this server speaks version \(Self.versionMin) to \(Self.versionMax), "
            + "the client \(hello.versionMin) to \(hello.versionMax)"))
    }
    let names = [hello.node, hello.credentials?.role ?? "", hello.credentials?.id ?? ""]
    guard names.allSatisfy({ $0.utf8.count <= Self.nameBytesMax }) else {
      return refuse(
        RPCError(
          code: .invalidArgument,
          message: "node, role and id of a hello are of \(Self.nameBytesMax) bytes at most"))
    }
    let claimed = ClientCredentials(
      principal: Principal(role: hello.credentials?.role ?? "", id: hello.credentials?.id ?? ""),
      token: hello.credentials?.token ?? [])
    var from = peer.peer
    from.node = hello.node
    do throws(RPCError) {
      let principal = try configuration.authenticate(claimed, from)
      peer = ServerPeer(
        Identity(principal), peer: from, clock: configuration.clock, node: configuration.node)
    } catch {
      return refuse(error)
    }
    guard configuration.verify == nil else {
      self.hello = hello
      phase = .verifying
      return .verify(claimed, from)
    }
    return open(hello)
  }

  /// It is established who calls, or that it is not whom they claim to be.
  mutating func verified(_ result: Result<Identity, RPCError>) -> Action {
    guard phase == .verifying, let hello = hello.take() else { return .none }
    switch result {
    case .success(let identity):
      proofEndsAt = identity.expires
      peer = ServerPeer(
        identity, peer: peer.peer, clock: configuration.clock, node: configuration.node)
      return open(hello)
    case .failure(let error): return refuse(error)
    }
  }

  private mutating func open(_ hello: Hello) -> Action {
    peerLimits = ConnectionLimits(hello.limits)
    phase = .open
    let version = min(Self.versionMax, hello.versionMax)
    return .send(
      .helloReply(
        HelloReply(version: version, limits: limits.connection.wire, node: configuration.node)))
  }

  private mutating func refuse(_ error: RPCError) -> Action {
    refusal = error
    phase = .closed
    return .close(.goAway(lastCallID: 0, error))
  }

  private mutating func begin(
    _ wire: Call, at now: MonotonicInstant, route: (String) -> Router.Route?
  ) -> Action {
    guard wire.callID > lastCallID else {
      return violate(.violation("call \(wire.callID) does not come after call \(lastCallID)"))
    }
    lastCallID = wire.callID
    guard let found = route(wire.method) else {
      return reject(wire, .unimplemented, "no method \(wire.method.prefix(bytes: 200))")
    }
    guard calls.count < Int(limits.connection.callsInFlightMax) else {
      return reject(
        wire, .resourceExhausted,
        "over \(limits.connection.callsInFlightMax) calls in flight on this connection",
        retryAfter: .milliseconds(100))
    }
    let metadata = wire.metadata.isEmpty ? CallMetadata() : CallMetadata(wire.metadata)
    let metadataBytes = metadata.byteCount
    guard metadataBytes <= Int(limits.connection.metadataBytesMax) else {
      return reject(
        wire, .resourceExhausted,
        "metadata over the limit of \(limits.connection.metadataBytesMax) bytes")
    }
    if !metadata.isEmpty,
      let refusal = CallPath.refusal(metadata, to: wire.method, on: configuration.node)
    {
      return reject(wire, .failedPrecondition, refusal)
    }
    guard wire.credit <= limits.connection.streamCreditMax else {
      return reject(
        wire, .invalidArgument,
        "credit over the limit of \(limits.connection.streamCreditMax) messages")
    }
    let requestBytes = wire.payload.count + wire.method.utf8.count + metadataBytes
    guard budget.take(requestBytes) else {
      return reject(
        wire, .resourceExhausted, "the server holds too many request bytes",
        retryAfter: .milliseconds(100))
    }
    let deadline = Self.deadline(of: wire, at: now)
    if deadline < earliestDeadline { earliestDeadline = deadline }
    busyAt = now
    let call = ServerCall(
      id: wire.callID, method: wire.method, deadline: deadline, metadata: metadata,
      connection: peer, route: found, requestBytes: requestBytes)
    calls[wire.callID] = InFlight(call: call, credit: wire.credit)
    return .start(call, payload: wire.payload)
  }

  private static func deadline(of wire: Call, at now: MonotonicInstant) -> MonotonicInstant {
    guard wire.timeoutUs > 0 else { return .distantFuture }
    let (amount, overflow) = wire.timeoutUs.multipliedReportingOverflow(by: 1000)
    return overflow ? .distantFuture : now.advanced(byNanoseconds: Int64(clamping: amount))
  }

  /// Ends a call that was never begun; nothing is kept of it.
  private func reject(
    _ wire: Call, _ code: StatusCode, _ message: String, retryAfter: Duration? = nil
  ) -> Action {
    .send(
      end(
        wire.callID,
        RPCError(code: code, message: message, retryAfter: retryAfter, unprocessed: true)))
  }

  private mutating func cancel(_ id: UInt64) -> Action {
    guard let entry = calls[id] else { return unknown(id, "cancel") }
    return .stop(entry.call)
  }

  private mutating func grant(_ messages: UInt32, to id: UInt64) -> Action {
    guard let entry = calls[id] else { return unknown(id, "credit") }
    let (sum, overflow) = entry.credit.addingReportingOverflow(messages)
    guard !overflow, sum <= limits.connection.streamCreditMax else {
      guard !entry.isAnswered else { return .none }
      calls[id]?.isAnswered = true
      let error = RPCError(
        code: .invalidArgument,
        message: "credit over the limit of \(limits.connection.streamCreditMax) messages")
      return .answerAndStop([(end(id, error), entry.call)])
    }
    calls[id]?.credit = sum
    return .resume(entry.call)
  }

  /// A call that has ended meanwhile is no mistake; one that never began is.
  private mutating func unknown(_ id: UInt64, _ what: String) -> Action {
    if phase == .draining || id <= lastCallID { return .none }
    return violate(.violation("\(what) for call \(id), which never began"))
  }
}
