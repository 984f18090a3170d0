/// Something that takes calls from elsewhere and has a router answer them.
public protocol ServerTransport: Sendable {
  /// Serves until `startDraining` has done its work, or the task is cancelled.
  func run() async throws(RPCError)

  /// Takes no new calls, finishes those in flight, and ends `run`; after
  /// `within`, what is still running is cancelled.
  func startDraining(within: Duration)
}

/// Something that reaches one server.
public protocol ClientTransport: Sendable {
  var configuration: ClientConfiguration { get }

  /// A session that is open now, if there is one: the fast way.
  func readySession() -> ClientSession?

  /// An open session, connecting if need be, until the deadline. An error is always
  /// `unprocessed`.
  func session(until deadline: MonotonicInstant) async throws(RPCError) -> ClientSession

  /// Hangs up, failing what is in flight. Later calls fail.
  func close() async

  /// Begins no further call and hangs up once those in flight have ended.
  func drain()
}
