/// What a handler knows about the call it answers.
public struct CallContext: Sendable {
  @usableFromInline
  let call: ServerCall

  init(_ call: ServerCall) {
    self.call = call
  }

  /// The call's number on its connection.
  public var callID: UInt64 { call.id }
  /// Full name of the method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  public var method: String { call.method }
  /// When the caller stops waiting; nil if it did not say.
  public var deadline: MonotonicInstant? {
    call.deadline == .distantFuture ? nil : call.deadline
  }
  /// The caller's headers.
  public var metadata: CallMetadata { call.metadata }
  /// W3C Trace Context's `traceparent`, if the caller sent one.
  public var traceparent: String? { call.metadata.traceparent }
  /// Who calls, as the server's authenticator established it; or on whose behalf, when a service
  /// calls.
  public var principal: Principal { call.principal }
  /// Where the call comes from.
  public var peer: Peer { call.connection.peer }

  /// Time left until the deadline, zero once it has passed; nil without deadline.
  public var remainingTime: Duration? {
    guard let deadline else { return nil }
    return .nanoseconds(max(0, call.connection.clock.now().nanoseconds(until: deadline)))
  }
}

/// Who is calling, as this layer knows it: a role and an identifier within the role.
public struct Principal: Sendable, Hashable {
  /// Such as `customer`, `store`, `rider`, `operator`, `service`; empty if anonymous.
  public var role: String
  public var id: String

  public init(role: String, id: String) {
    self.role = role
    self.id = id
  }

  /// Nobody in particular.
  public static let anonymous = Principal(role: "", id: "")
}

/// The other end of a connection.
public struct Peer: Sendable, Hashable {
  /// `host:port`, or `in-process`.
  public var address: String
  /// The name the other side gave itself in its hello; for logs only.
  public var node: String
  /// Whom the verified certificate names that the other side showed; nil if it showed none.
  public var certificate: PeerCertificate?

  public init(address: String, node: String = "", certificate: PeerCertificate? = nil) {
    self.address = address
    self.node = node
    self.certificate = certificate
  }
}

/// What a client shows in its hello.
public struct ClientCredentials: Sendable, Hashable {
  public var principal: Principal
  /// What proves the claim, if the server asks for proof.
  public var token: [UInt8]

  public init(principal: Principal = .anonymous, token: [UInt8] = []) {
    self.principal = principal
    self.token = token
  }
}

/// What a caller says about one call.
public struct CallOptions: Sendable {
  /// How long the caller waits for the whole call, retries included; nil: no limit.
  public var timeout: Duration?
  public var metadata: CallMetadata
  /// Messages of a stream that may wait on this side, unread; at least 1.
  public var streamCredit: UInt32
  /// Keeps trying to reach the server until the deadline, not only a few times, and where it is
  /// UNAVAILABLE comes again when it says: for callers who would rather wait than fail while nodes
  /// are restarted.
  public var waitsForServer: Bool

  public init(
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
  public init(continuing context: CallContext) {
    self.init(timeout: context.remainingTime)
    if let traceparent = context.traceparent { metadata.traceparent = traceparent }
    if !context.principal.role.isEmpty { metadata.onBehalfOf = context.principal }
    if let via = context.pathOnward { metadata.via = via }
  }
}
