/// Everything a client bounds.
public struct ClientLimits: Sendable, Hashable {
  public var connection = ConnectionLimits()
  /// Connections to one server; calls take them in turn.
  public var connectionsMax = 1
  /// From the start of connecting to the server's hello.
  public var connectTimeout: Duration = .seconds(5)
  /// Nothing received for that long: a ping is sent.
  public var keepaliveInterval: Duration = .seconds(30)
  /// Nothing received for that long after the ping: the connection is given up.
  public var keepaliveTimeout: Duration = .seconds(10)
  /// Unsent bytes that are no calls, such as answers to pings, at which the connection is given up.
  public var controlBytesMax = 1024 * 1024
  /// Times one call is sent, at most; only what was certainly not begun is sent again, and only
  /// where the server did not say when.
  public var attemptsMax = 6
  /// Before the second repetition of a call; doubled before each further one, up to 1 s.
  public var retryPause: Duration = .milliseconds(10)
  /// After a failed attempt to connect, calls fail at once for that long, or as long as the server
  /// says.
  public var reconnectPause: Duration = .milliseconds(50)

  public init() {}
}

/// What a client is told once, at start.
public struct ClientConfiguration: Sendable {
  public var limits = ClientLimits()
  public var credentials = ClientCredentials()
  /// The name this node gives itself in its hello.
  public var node = ""
  public var clock = TransportClock.system
  /// How TLS is spoken on TCP; nil for plain bytes.
  public var tls: ClientTLS?

  public init() {}
}
