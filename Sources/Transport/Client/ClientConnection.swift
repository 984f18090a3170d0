import Messages

/// The client's half of a connection as a state machine: events in, one action
/// out, no I/O. `ClientSession` carries the actions out.
struct ClientConnection: ~Copyable {
  enum Phase: Sendable, Hashable {
    /// Hello was said, the reply is still to come; no call goes out before it.
    case awaitingHelloReply
    case open
    /// Go-away was said, by either side: calls in flight end, none begins.
    case draining
    case closed
  }

  enum Action {
    case none
    case send(Frame.Kind)
    /// The server has accepted the connection.
    case opened
    /// A stream message.
    case deliver(ClientCall, payload: [UInt8])
    case finish(ClientCall, Result<[UInt8], RPCError>)
    /// Write the frames, if any; these calls have failed.
    case fail([(call: ClientCall, error: RPCError)], sending: [Frame.Kind])
    /// Write the frame, if any, and hang up; these calls have failed.
    case close(Frame.Kind?, [(call: ClientCall, error: RPCError)], RPCError)
  }

  struct InFlight {
    let call: ClientCall
    /// Stream messages granted and not yet received.
    var credit: UInt32
    /// The caller has gone; the server's last frame for it is still to come.
    var isAbandoned = false
  }

  static let versionMin: UInt32 = 1
  static let versionMax: UInt32 = 1

  let configuration: ClientConfiguration
  var phase = Phase.awaitingHelloReply
  var serverLimits = ConnectionLimits()
  var serverNode = ""
  var calls: [UInt64: InFlight] = [:]
  var lastCallID: UInt64 = 0

  let openedAt: MonotonicInstant
  var receivedAt: MonotonicInstant
  var pingedAt: MonotonicInstant?
  var earliestDeadline = MonotonicInstant.distantFuture
  var nonce: UInt64 = 0

  init(configuration: ClientConfiguration, now: MonotonicInstant) {
    self.configuration = configuration
    openedAt = now
    receivedAt = now
  }

  var limits: ClientLimits { configuration.limits }

  /// Nothing is left to wait for.
  var isDrained: Bool { phase == .draining && calls.isEmpty }

  /// The first frame of the connection.
  var hello: Frame.Kind {
    let credentials = configuration.credentials
    return .hello(
      Hello(
        versionMin: Self.versionMin, versionMax: Self.versionMax,
        limits: limits.connection.wire,
        credentials: Credentials(
          role: credentials.principal.role, id: credentials.principal.id,
          token: credentials.token),
        node: configuration.node))
  }

  /// The server broke the protocol.
  mutating func violate(_ error: WireError) -> Action {
    if error == .tlsRecord { return close(nil, .serverSpeaksTLS) }
    return close(
      .goAway(lastCallID: 0, error),
      RPCError(code: .internal, message: "the server broke the protocol: \(error.message)"))
  }

  /// The transport is gone, or `close` was asked for.
  mutating func disconnected(_ error: RPCError) -> Action {
    close(nil, error)
  }

  /// No further calls on this connection; what is in flight is waited for.
  mutating func drain() -> Action {
    switch phase {
    case .awaitingHelloReply:
      return close(nil, RPCError(code: .unavailable, message: "closed", unprocessed: true))
    case .open:
      phase = .draining
      return .send(.goAway(lastCallID: 0, nil as RPCError?))
    case .draining, .closed:
      return .none
    }
  }

  mutating func close(_ frame: Frame.Kind?, _ error: RPCError) -> Action {
    guard phase != .closed else { return .none }
    phase = .closed
    let failed = calls.values.filter { !$0.isAbandoned }.map { (call: $0.call, error: error) }
    calls = [:]
    return .close(frame, failed, error)
  }
}
