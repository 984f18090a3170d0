/// What one side takes from the other on one connection. Sent in the hello.
public struct ConnectionLimits: Sendable, Hashable {
  /// Length of one frame without its 4-byte prefix, in bytes.
  public var frameBytesMax: UInt32 = 4 * 1024 * 1024
  /// Calls begun and not yet ended.
  public var callsInFlightMax: UInt32 = 1024
  /// Keys and values of one call's metadata together and 32 for each entry, in bytes.
  public var metadataBytesMax: UInt32 = 16 * 1024
  /// Messages granted on one stream and not yet sent.
  public var streamCreditMax: UInt32 = 65_536

  public init() {}
}

/// Everything a server bounds.
public struct ServerLimits: Sendable, Hashable {
  public var connection = ConnectionLimits()
  /// Open connections; one more is told to go away and closed.
  public var connectionsMax = 4096
  /// Connections that have not said hello; one more is closed.
  public var halfOpenConnectionsMax = 512
  /// From accept to a complete hello, the TLS handshake included.
  public var helloTimeout: Duration = .seconds(5)
  /// From the first byte of a frame to its last.
  public var frameTimeout: Duration = .seconds(30)
  /// A connection without any call in flight for that long is drained.
  public var idleTimeout: Duration = .seconds(600)
  /// Nothing received for that long: a ping is sent.
  public var keepaliveInterval: Duration = .seconds(30)
  /// Nothing received for that long after the ping: the connection is closed.
  public var keepaliveTimeout: Duration = .seconds(10)
  /// Unsent bytes of one connection at which reading, what was read, and stream writers wait.
  public var outboundBytesHigh = 256 * 1024
  /// Unsent bytes of one connection at which it is closed.
  public var outboundBytesMax = 32 * 1024 * 1024
  /// Request bytes (payload, method, metadata) held at once for all connections together; a call
  /// beyond is refused. There may be as many again of unfinished frames, of each what is beyond
  /// `uncountedBytes`; a connection beyond is closed.
  public var requestBytesMax = 256 * 1024 * 1024
  /// Unsent bytes held at once for all connections together, of each those beyond
  /// `outboundBytesHigh`. Beyond, a connection that adds to them and takes nothing is closed.
  public var unsentBytesMax = 256 * 1024 * 1024
  /// After the last answer, how long the other side may take to hang up.
  public var lingerTimeout: Duration = .seconds(2)

  public init() {}

  /// How long a connection may go on without a sign of life.
  var silenceMax: Duration { keepaliveInterval + keepaliveTimeout }

  /// Where the socket takes no more, a client that has taken fewer than so many bytes in
  /// `silenceMax` has given no sign of life: one byte now and then would hold all of them for ever.
  /// Nor one that has taken less than an eighth: what is held falls by half within minutes, or goes.
  func progressBytesMin(of unsent: Int) -> Int {
    max(min(outboundBytesHigh / 4, 64 * 1024), unsent / 8)
  }

  /// Of an unfinished frame, so many bytes are nobody's concern.
  static let uncountedBytes = 64 * 1024
  /// Length of a frame before a hello was answered, if that is less than of any other.
  static let helloBytesMax = 64 * 1024
}

/// Whom a server takes the other end of a connection for.
public struct Identity: Sendable {
  public var principal: Principal
  /// When what proves it ends, if that is known.
  public var expires: MonotonicInstant
  /// Asked before each call, and for streams that go on then and again: why nothing more is taken,
  /// such as a proof that has expired. nil: it is good for as long as the connection lasts.
  public var problem: (@Sendable (MonotonicInstant) -> RPCError?)?

  public init(
    _ principal: Principal, expires: MonotonicInstant = .distantFuture,
    problem: (@Sendable (MonotonicInstant) -> RPCError?)? = nil
  ) {
    self.principal = principal
    self.expires = expires
    self.problem = problem
  }
}

/// What a server is told once, at start.
public struct ServerConfiguration: Sendable {
  /// Establishes who calls from what a hello claims. Throwing refuses the connection.
  public typealias Authenticate =
    @Sendable (ClientCredentials, Peer) throws(RPCError) -> Principal

  /// Establishes who calls from what proves it. Throwing refuses the connection.
  public typealias Verify =
    @Sendable (ClientCredentials, Peer) async throws(RPCError) -> Identity

  public var limits = ServerLimits()
  /// The name this node gives itself in its hello.
  public var node = ""
  public var clock = TransportClock.system
  public var authenticate: Authenticate
  /// Looks, after `authenticate`, into what a claim shows in proof, which may take time: the
  /// connection's calls wait for it, within the time for the hello. nil: the claim needs no proof.
  public var verify: Verify?
  /// Asked about every new connection by its IP address, before anything is read: why it is turned
  /// away. Called on event loops, so it must not wait.
  public var admit: @Sendable (String) -> RPCError? = { _ in nil }
  /// How TLS is spoken on TCP; nil for plain bytes.
  public var tls: ServerTLS?
  /// Told, for a log, why a connection was not accepted or was cut off. Called on event loops, so
  /// it must not wait.
  public var onRefusal: @Sendable (Peer, RPCError) -> Void = { _, _ in }
  /// Told, for a log, of every call that a handler or its rule ended with an error. Called on event
  /// loops, so it must not wait.
  public var onFailure: @Sendable (CallContext, RPCError) -> Void = { _, _ in }

  public init(authenticate: @escaping Authenticate) {
    self.authenticate = authenticate
  }

  /// Believes what the hello says: for tests and for networks that vouch for their members.
  public static let trusting: Authenticate = { (claim, _) throws(RPCError) in claim.principal }

  /// Takes everyone for nobody in particular.
  public static let anonymous: Authenticate = { (_, _) throws(RPCError) in .anonymous }
}
