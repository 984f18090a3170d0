/// How long each waiting state may last.
public struct DeadlinePolicy: Hashable, Sendable {
  /// From an order's payment request until somebody must have said how it went.
  public var paymentPending: Duration = .seconds(30)
  /// From the first parking until the order expires unpaid.
  public var paymentParked: Duration = .seconds(30 * 60)
  /// How long an order waits for an unknown payment.
  public var paymentUnknown: Duration = .seconds(10 * 60)
  /// From the ticket's arrival at the store until its answer.
  public var storeSilent: Duration = .seconds(5 * 60)
  /// From the payment until the ticket must have reached the store at all, and from a request to
  /// cancel until that must have: the outer cap, since our own downtime does not count against the
  /// store. For so long, from when they passed first, `storeSilent`, `cancelSilent` and `stalled`
  /// begin anew while those who are silent cannot be heard.
  public var storeUnreachable: Duration = .seconds(60 * 60)
  /// From when the store was asked to cancel until its answer.
  public var cancelSilent: Duration = .seconds(2 * 60)
  /// From any step after acceptance until the next one.
  public var stalled: Duration = .seconds(3 * 60 * 60)
  /// From a payment attempt until the provider is asked about it.
  public var attemptSilent: Duration = .seconds(15)
  /// Between two questions about an attempt whose outcome is unknown.
  public var askAgain: Duration = .seconds(20)
  /// From a refund's request until it is tried again; doubles with each failure, up to an hour.
  public var refundRetry: Duration = .seconds(10)
  /// From an offer until the rider's answer.
  public var offer: Duration = .seconds(30)
  /// From a delivery's opening until somebody looks for a rider again.
  public var noRider: Duration = .seconds(60)
  /// From the moment that an assigned rider's food is ready until the rider sets out.
  public var riderIdle: Duration = .seconds(10 * 60)
  /// After this many offers in vain, people look at it.
  public var offersMax = 5

  /// What holds unless the configuration says otherwise.
  public static let standard = DeadlinePolicy()

  public init() {}
}

/// What an event does to an aggregate's deadlines. Setting a kind replaces that kind.
public enum DeadlineChange<Kind: Hashable & Sendable>: Hashable, Sendable {
  case set(Kind, at: Timestamp)
  case clear(Kind)
}

/// Which states a deadline watches over, and what comes of it, in words.
public struct DeadlineRule<
  Phase: RawRepresentable<String> & Hashable & Sendable,
  Kind: RawRepresentable<String> & Hashable & Sendable
> {
  public let phases: [Phase]
  public let kind: Kind
  /// Who is waited for.
  public let owner: String
  /// What happens when the deadline passes.
  public let outcome: String
  public let duration: KeyPath<DeadlinePolicy, Duration>
}
