/// What a handler knows about the call it answers.
package struct CallContext: Sendable {
  @usableFromInline
  let call: ServerCall

  init(_ call: ServerCall) {
    self.call = call
  }

  /// The call's number on its connection.
  package var callID: UInt64 { call.id }
  /// Full name of the method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  package var method: String { call.method }
  /// When the caller stops waiting; nil if it did not say.
  package var deadline: MonotonicInstant? {
    call.deadline == .distantFuture ? nil : call.deadline
  }
  /// The caller's headers.
  package var metadata: CallMetadata { call.metadata }
  /// W3C Trace Context's `traceparent`, if the caller sent one.
  package var traceparent: String? { call.metadata.traceparent }
  /// Who calls, as the server's authenticator established it; or on whose behalf, when a service
  /// calls.
  package var principal: Principal { call.principal }
  /// Where the call comes from.
  package var peer: Peer { call.connection.peer }

  /// Time left until the deadline, zero once it has passed; nil without deadline.
  package var remainingTime: Duration? {
    guard let deadline else { return nil }
    return .nanoseconds(max(0, call.connection.clock.now().nanoseconds(until: deadline)))
  }
}

/// Who is calling, as this layer knows it: a role and an identifier within the role.
package struct Principal: Sendable, Hashable {
  /// Such as `customer`, `store`, `rider`, `operator`, `node`; empty if anonymous.
  package var role: String
  package var id: String

  package init(role: String, id: String) {
    self.role = role
    self.id = id
  }

  /// Nobody in particular.
  package static let anonymous = Principal(role: "", id: "")
}

/// The other end of a connection.
package struct Peer: Sendable, Hashable {
  /// `host:port`, or `in-process`.
  package var address: String
  /// The name the other side gave itself in its hello; for logs only.
  package var node: String
  /// Whom the verified certificate names that the other side showed; nil if it showed none.
  package var certificate: PeerCertificate?

  package init(address: String, node: String = "", certificate: PeerCertificate? = nil) {
    self.address = address
    self.node = node
    self.certificate = certificate
  }
}

/// What a client shows in its hello.
package struct ClientCredentials: Sendable, Hashable {
  package var principal: Principal
  /// What proves the claim, if the server asks for proof.
  package var token: [UInt8]

  package init(principal: Principal = .anonymous, token: [UInt8] = []) {
    self.principal = principal
    self.token = token
  }
}

/// What a caller says about one call.
package struct CallOptions: Sendable {
  /// How long the caller waits for the whole call, retries included; nil: no limit.
  package var timeout: Duration?
  package var metadata: CallMetadata
  /// Messages of a stream that may wait on this side, unread; at least 1.
  package var streamCredit: UInt32
  /// Keeps trying to reach the server until the deadline, not only a few times.
  package var waitsForServer: Bool

  package init(
    timeout: Duration? = nil, metadata: CallMetadata = CallMetadata(), streamCredit: UInt32 = 32,
    waitsForServer: Bool = false
  ) {
    self.waitsForServer = waitsForServer
    self.timeout = timeout
    self.metadata = metadata
    self.streamCredit = streamCredit
  }

  /// Options for a call made on behalf of another: what is left of its time, its trace, who is
  /// behind it, and which way it has come.
  package init(continuing context: CallContext) {
    self.init(timeout: context.remainingTime)
    if let traceparent = context.traceparent { metadata.traceparent = traceparent }
    if !context.principal.role.isEmpty { metadata.onBehalfOf = context.principal }
    if let via = context.pathOnward { metadata.via = via }
  }
}
