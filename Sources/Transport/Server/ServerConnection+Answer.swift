import Messages

extension ServerConnection {
  /// How a handler ended.
  enum Outcome {
    case reply([UInt8])
    /// nil: a stream that ended well.
    case end(RPCError?)
  }

  /// Whether one more stream message may go out now.
  enum ItemAction {
    case send(Frame.Kind)
    /// No credit.
    case wait
    case gone(RPCError)
  }

  /// A handler ended. Its answer goes out unless the caller has one already.
  mutating func finish(_ id: UInt64, _ outcome: Outcome) -> Action {
    guard let entry = calls.removeValue(forKey: id) else { return .none }
    guard !entry.isAnswered, phase != .closed else { return .none }
    switch outcome {
    case .reply(let payload):
      if let error = oversized(payload) { return .send(end(id, error)) }
      return .send(.reply(id, payload))
    case .end(let error):
      return .send(end(id, error))
    }
  }

  /// The frame that ends a call, within the client's limit.
  func end(_ id: UInt64, _ error: RPCError?) -> Frame.Kind {
    .end(id, error?.fitted(into: Int(peerLimits.frameBytesMax)))
  }

  /// A handler has one more message for its stream.
  mutating func sendItem(_ payload: [UInt8], of id: UInt64) -> ItemAction {
    guard let entry = calls[id], !entry.isAnswered, phase != .closed else {
      return .gone(RPCError(code: .cancelled, message: "nobody takes this stream any more"))
    }
    if let error = oversized(payload) { return .gone(error) }
    guard entry.credit > 0 else { return .wait }
    calls[id]?.credit = entry.credit - 1
    return .send(.item(id, payload))
  }

  /// What a message may not exceed, so that its frame stays within the client's limit.
  private func oversized(_ payload: [UInt8]) -> RPCError? {
    let envelopeBytesMax = 32
    guard payload.count + envelopeBytesMax > Int(peerLimits.frameBytesMax) else { return nil }
    return RPCError(
      code: .resourceExhausted,
      message: "an answer of \(payload.count) bytes is over the client's frame limit of "
        + "\(peerLimits.frameBytesMax) bytes")
  }
}
