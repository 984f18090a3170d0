extension CallContext {
  /// The context of a call that never crossed a connection: one service of a node asks another,
  /// or a deadline or a saga asks its own service.
  /// - Parameters:
  ///   - principal: who asks.
  ///   - timeout: how long it may take; nil: no limit.
  public init(
    local principal: Principal, timeout: Duration? = nil, metadata: CallMetadata = CallMetadata(),
    clock: TransportClock
  ) {
    self.init(
      local: principal, deadline: timeout.map { clock.now().advanced(by: $0) },
      metadata: metadata, clock: clock)
  }

  /// The same call continued by `principal`: its deadline, or `timeout` if that is sooner, and
  /// its headers.
  public func acting(as principal: Principal, within timeout: Duration? = nil) -> CallContext {
    let clock = call.connection.clock
    let own = timeout.map { clock.now().advanced(by: $0) }
    let sooner = [own, deadline].compactMap { $0 }.min()
    var metadata = metadata
    if let via = pathOnward { metadata.via = via }
    return CallContext(local: principal, deadline: sooner, metadata: metadata, clock: clock)
  }

  private init(
    local principal: Principal, deadline: MonotonicInstant?, metadata: CallMetadata,
    clock: TransportClock
  ) {
    var metadata = metadata
    // Who is behind the call was said above.
    if !metadata.isEmpty { metadata.onBehalfOf = nil }
    self.init(
      ServerCall(
        id: 0, method: "", deadline: deadline ?? .distantFuture, metadata: metadata,
        connection: ServerPeer(
          Identity(principal), peer: Peer(address: "local"), clock: clock),
        route: .local, requestBytes: 0))
  }
}

extension Router.Route {
  /// Stands in a call that no router dispatched.
  static let local = Router.Route.unary { (_, _) throws(RPCError) in
    throw RPCError(code: .unimplemented, message: "a local call has no route")
  }
}
