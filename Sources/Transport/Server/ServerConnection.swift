import Messages

/// The server's half of a connection as a state machine: events in, one action
/// out, no I/O. `ServerSession` carries the actions out.
struct ServerConnection: ~Copyable {
  enum Phase: Sendable, Hashable {
    /// Nothing but a hello is welcome.
    case awaitingHello
    /// The hello is there; its proof is being looked into. Nothing is handled meanwhile.
    case verifying
    case open
    /// Go-away was said, by either side: what is in flight is finished, nothing begins.
    case draining
    case closed
  }

  /// What the driver is to do, in this order of its parts.
  enum Action {
    case none
    case send(Frame.Kind)
    /// Find out who calls, and say so with `verified`.
    case verify(ClientCredentials, Peer)
    /// Run the call's handler.
    case start(ServerCall, payload: [UInt8])
    /// Stop the call's handler; its answer is still to come.
    case stop(ServerCall)
    /// Each call is answered with its frame; stop its handler, whose own answer is dropped.
    case answerAndStop([(answer: Frame.Kind, call: ServerCall)])
    /// Credit arrived: a waiting writer may go on.
    case resume(ServerCall)
    /// Write the frame, if any, stop all handlers, and hang up.
    case close(Frame.Kind?)
  }

  /// What a call holds here until its handler has ended.
  struct InFlight {
    let call: ServerCall
    /// Stream messages that may still be sent.
    var credit: UInt32
    /// The caller has its last frame already; what the handler says is dropped.
    var isAnswered = false
  }

  /// Since when the client has taken next to none of the bytes that the socket still holds.
  struct Stall {
    let since: MonotonicInstant
    let unsentBytes: Int
    var notedAt: MonotonicInstant
  }

  static let versionMin: UInt32 = 1
  static let versionMax: UInt32 = 1
  /// Of each name in a hello, which are held as long as the connection.
  static let nameBytesMax = 256

  let configuration: ServerConfiguration
  /// For requests, of all connections together.
  let budget: ByteBudget
  /// For frames that are not complete, of all connections together.
  let frames: ByteBudget
  var phase = Phase.awaitingHello
  var peer: ServerPeer
  var peerLimits = ConnectionLimits()
  var calls: [UInt64: InFlight] = [:]
  /// Highest call accepted or refused so far: what a go-away tells.
  var lastCallID: UInt64 = 0
  /// What the client said in its hello, while its proof is looked into.
  var hello: Hello?
  /// Why this side ended the connection: it was not accepted, or broke the protocol.
  var refusal: RPCError?

  // Times, for `tick`.
  let openedAt: MonotonicInstant
  var receivedAt: MonotonicInstant
  var pingedAt: MonotonicInstant?
  var busyAt: MonotonicInstant
  var frameStartedAt: MonotonicInstant?
  /// Of what has come and was not handled, the bytes taken from the budget.
  var pendingBytes = 0
  /// While the client does not take what there is to send, and is not read from.
  var stall: Stall?
  /// No call's deadline is earlier; it may be earlier than all of them.
  var earliestDeadline = MonotonicInstant.distantFuture
  /// When streams are to be asked whether they may go on; not again once it has passed.
  var proofEndsAt = MonotonicInstant.distantFuture
  var nonce: UInt64 = 0

  init(
    configuration: ServerConfiguration, budget: ByteBudget, frames: ByteBudget, address: String,
    now: MonotonicInstant
  ) {
    self.configuration = configuration
    self.budget = budget
    self.frames = frames
    peer = ServerPeer(
      Identity(.anonymous), peer: Peer(address: address), clock: configuration.clock)
    openedAt = now
    receivedAt = now
    busyAt = now
  }

  var limits: ServerLimits { configuration.limits }

  /// Length of the frame that may come next: little of those of whom nothing is known.
  var frameBytesMax: Int {
    let most = Int(limits.connection.frameBytesMax)
    return phase == .awaitingHello ? min(most, ServerLimits.helloBytesMax) : most
  }

  /// The client has shown a certificate, which was verified; before its hello.
  mutating func identify(_ certificate: PeerCertificate) {
    peer = ServerPeer(
      Identity(.anonymous), peer: Peer(address: peer.peer.address, certificate: certificate),
      clock: configuration.clock)
  }

  /// Nothing is left to do but hang up.
  var isDrained: Bool { phase == .draining && calls.isEmpty }

  /// The peer broke the protocol: say so and hang up.
  mutating func violate(_ error: WireError) -> Action {
    guard phase != .closed else { return .none }
    refusal = error.error
    phase = .closed
    return .close(.goAway(lastCallID: lastCallID, error))
  }

  /// No further calls: says go-away once, ends what streams; unary calls are finished.
  mutating func drain(_ reason: RPCError? = nil) -> Action {
    switch phase {
    case .awaitingHello, .verifying:
      phase = .closed
      return .close(.goAway(lastCallID: 0, reason))
    case .open:
      phase = .draining
      return .send(.goAway(lastCallID: lastCallID, reason))
    case .draining, .closed:
      return .none
    }
  }

  /// While draining: ends every stream, for some would never end by themselves.
  mutating func endStreams() -> Action {
    let error = RPCError(code: .unavailable, message: "this node is going away")
    return answer(error) { $0.route.isStream }
  }

  /// Answers every unanswered call that `isDue` picks with the same error.
  mutating func answer(_ error: RPCError, where isDue: (ServerCall) -> Bool) -> Action {
    var answers: [(answer: Frame.Kind, call: ServerCall)] = []
    for (id, entry) in calls where !entry.isAnswered && isDue(entry.call) {
      answers.append((end(id, error), entry.call))
    }
    for (_, call) in answers { calls[call.id]?.isAnswered = true }
    return answers.isEmpty ? .none : .answerAndStop(answers)
  }

  /// The transport is gone.
  mutating func disconnected() -> Action {
    guard phase != .closed else { return .none }
    phase = .closed
    return .close(nil)
  }

  /// Every call still running, taken out: for the driver to stop after `close`.
  mutating func takeCalls() -> [ServerCall] {
    defer { calls = [:] }
    return calls.values.map(\.call)
  }
}
