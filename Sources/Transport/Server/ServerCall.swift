/// One call a server is answering.
///
/// What identifies the call never changes; what its driver needs to stop or
/// resume it is touched only under the lock of the session it belongs to.
public final class ServerCall: Sendable {
  let id: UInt64
  let method: String
  /// `distantFuture` if the caller gave none.
  let deadline: MonotonicInstant
  let metadata: CallMetadata
  let connection: ServerPeer
  /// Who is behind the call: the connection's principal, unless that is a service that calls on
  /// somebody's behalf.
  let principal: Principal
  let route: Router.Route
  /// Payload, method and metadata, held against the server's budget until its handler has ended.
  let requestBytes: Int

  /// Safe because every access is inside `ServerSession`'s lock.
  nonisolated(unsafe) var work = Work()

  /// The running side of a call.
  struct Work {
    var task: Task<Void, Never>?
    /// A stream's writer that waits for credit or for a writable connection.
    var writer: UnsafeContinuation<Void, Never>?
    /// Set once the work is to stop; a task attached later is cancelled at once.
    var isStopped = false
    /// In-process only: resumed when the work is to stop.
    var stopWaiter: UnsafeContinuation<Void, Never>?
  }

  init(
    id: UInt64, method: String, deadline: MonotonicInstant, metadata: CallMetadata,
    connection: ServerPeer, route: Router.Route, requestBytes: Int
  ) {
    self.id = id
    self.method = method
    self.deadline = deadline
    self.metadata = metadata
    self.connection = connection
    principal =
      metadata.isEmpty || connection.principal.role != "service"
      ? connection.principal : metadata.onBehalfOf ?? connection.principal
    self.route = route
    self.requestBytes = requestBytes
  }
}

/// What all calls of one connection share.
public final class ServerPeer: Sendable {
  let principal: Principal
  /// See `Identity.problem`.
  let problem: (@Sendable (MonotonicInstant) -> RPCError?)?
  let peer: Peer
  let clock: TransportClock
  /// The name of this node; empty where no node stands behind the call.
  let node: String

  init(_ identity: Identity, peer: Peer, clock: TransportClock, node: String = "") {
    principal = identity.principal
    problem = identity.problem
    self.peer = peer
    self.clock = clock
    self.node = node
  }
}
