import Messages

/// Short ways to the frames this layer sends.
extension Frame.Kind {
  static func goAway(lastCallID: UInt64, _ error: RPCError?) -> Frame.Kind {
    .goAway(GoAway(lastCallID: lastCallID, status: error.map(Status.init)))
  }

  static func goAway(lastCallID: UInt64, _ error: WireError) -> Frame.Kind {
    goAway(lastCallID: lastCallID, error.error)
  }

  static func end(_ callID: UInt64, _ error: RPCError?) -> Frame.Kind {
    .end(
      End(
        callID: callID, status: error.map(Status.init), unprocessed: error?.unprocessed ?? false))
  }

  static func reply(_ callID: UInt64, _ payload: [UInt8]) -> Frame.Kind {
    .reply(Reply(callID: callID, payload: payload))
  }

  static func item(_ callID: UInt64, _ payload: [UInt8]) -> Frame.Kind {
    .item(StreamItem(callID: callID, payload: payload))
  }

  /// What to call the kind in an error message.
  var name: String {
    switch self {
    case .hello: "hello"
    case .helloReply: "hello reply"
    case .call: "call"
    case .reply: "reply"
    case .item: "item"
    case .end: "end"
    case .cancel: "cancel"
    case .credit: "credit"
    case .ping: "ping"
    case .pong: "pong"
    case .goAway: "go-away"
    }
  }
}

extension Status {
  /// What of an error travels: everything but its cause.
  init(_ error: RPCError) {
    self.init(
      code: error.code.rawValue, message: error.message,
      details: error.details.map { StatusDetail(typeURL: $0.typeURL, value: $0.bytes) },
      retryAfterMs: error.retryAfter.map { $0.wholeMillisecondsUp } ?? 0)
  }
}

extension RPCError {
  /// The error a status stands for; nil if it is OK or absent.
  init?(_ status: Status?, unprocessed: Bool) {
    guard let status, status.code != 0 else { return nil }
    self.init(
      code: StatusCode(wire: status.code), message: status.message,
      details: status.details.map { ErrorDetail(typeURL: $0.typeURL, bytes: $0.value) },
      retryAfter: status.retryAfterMs == 0
        ? nil : .milliseconds(Int64(clamping: status.retryAfterMs)),
      unprocessed: unprocessed)
  }
}

extension CallMetadata {
  init(_ wire: [Metadata]) {
    self.init(entries: wire.map { Entry(key: $0.key, value: $0.value) })
  }

  var wire: [Metadata] { entries.map { Metadata(key: $0.key, value: $0.value) } }
}

extension ConnectionLimits {
  /// Absent limits and zeros mean the protocol's defaults.
  init(_ wire: Limits?) {
    self.init()
    guard let wire else { return }
    if wire.frameBytesMax > 0 { frameBytesMax = wire.frameBytesMax }
    if wire.callsInFlightMax > 0 { callsInFlightMax = wire.callsInFlightMax }
    if wire.metadataBytesMax > 0 { metadataBytesMax = wire.metadataBytesMax }
    if wire.streamCreditMax > 0 { streamCreditMax = wire.streamCreditMax }
  }

  var wire: Limits {
    Limits(
      frameBytesMax: frameBytesMax, callsInFlightMax: callsInFlightMax,
      metadataBytesMax: metadataBytesMax, streamCreditMax: streamCreditMax)
  }
}

extension Duration {
  /// In milliseconds, rounded up, at least 1 for anything positive.
  var wholeMillisecondsUp: UInt64 {
    let nanoseconds = wholeNanoseconds
    return nanoseconds <= 0 ? 0 : UInt64((nanoseconds - 1) / 1_000_000 + 1)
  }
}
