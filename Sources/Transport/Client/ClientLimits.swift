/// Everything a client bounds.
package struct ClientLimits: Sendable, Hashable {
  package var connection = ConnectionLimits()
  /// Connections to one server; calls take them in turn.
  package var connectionsMax = 1
  /// From the start of connecting to the server's hello.
  package var connectTimeout: Duration = .seconds(5)
  /// Nothing received for that long: a ping is sent.
  package var keepaliveInterval: Duration = .seconds(30)
  /// Nothing received for that long after the ping: the connection is given up.
  package var keepaliveTimeout: Duration = .seconds(10)
  /// Times one call is sent, at most; only what was certainly not begun is sent again.
  package var attemptsMax = 6
  /// Before the second repetition of a call; doubled before each further one, up to 1 s.
  package var retryPause: Duration = .milliseconds(10)
  /// After a failed attempt to connect, calls fail at once for that long.
  package var reconnectPause: Duration = .milliseconds(50)

  package init() {}
}

/// What a client is told once, at start.
package struct ClientConfiguration: Sendable {
  package var limits = ClientLimits()
  package var credentials = ClientCredentials()
  /// The name this node gives itself in its hello.
  package var node = ""
  package var clock = TransportClock.system
  /// How TLS is spoken on TCP; nil for plain bytes.
  package var tls: ClientTLS?

  package init() {}
}
