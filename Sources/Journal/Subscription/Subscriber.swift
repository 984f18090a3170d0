/// Follows a journal's events and has an effect in its own service for each.
///
/// The effect is a command through the owning replica that takes `delivery.position` in its append
/// (`AggregateRuntime.execute(taking:)`), so that an event delivered again has no effect again.
public protocol Subscriber: Sendable {
  /// Unique within the destination service, e.g. `store.from-order`; names cursors and marks.
  var name: String { get }
  /// Which events it is handed; the others only move the cursor.
  var interest: EventInterest { get }
  /// Events of one key are handled one after the other, in the order of the journal. It must
  /// decide the aggregate that takes the event: all events for one aggregate have one key.
  func orderingKey(of event: RecordedEvent) -> String
  /// Returns once the effect is durable, or it is certain that there is none to have.
  func handle(_ delivery: Delivery) async throws(DeliveryFailure)
}

extension Subscriber {
  /// The stream's id: in order per order, over all its categories.
  public func orderingKey(of event: RecordedEvent) -> String { event.stream.id }
}

/// Which events a subscriber wants.
public enum EventInterest: Sendable, Equatable {
  case all
  /// Those of these types (full protobuf names).
  case types(Set<String>)

  public func includes(_ event: RecordedEvent) -> Bool {
    switch self {
    case .all: true
    case .types(let types): types.contains(event.type)
    }
  }
}

/// One event on its way to a subscriber.
public struct Delivery: Sendable, Equatable {
  public var event: RecordedEvent
  /// The journal it comes from.
  public var source: String
  /// What the effect's append marks as taken.
  public var position: InboxPosition
  /// 1 for the first try of this event since the subscription was started.
  public var attempt: Int

  public init(event: RecordedEvent, source: String, position: InboxPosition, attempt: Int) {
    self.event = event
    self.source = source
    self.position = position
    self.attempt = attempt
  }
}

/// Why a delivery had no effect.
public enum DeliveryFailure: Error, Sendable, Equatable {
  /// Something it needs is away: tried again, as long as it takes. Blocks only this ordering key.
  case unavailable(String)
  /// It went wrong: tried again a few times, then parked.
  case failed(String)
  /// It can never work: parked at once.
  case poison(String)

  public var reason: String {
    switch self {
    case .unavailable(let reason), .failed(let reason), .poison(let reason): reason
    }
  }
}

/// Bounds and habits of a subscription.
public struct SubscriptionOptions: Sendable {
  /// Handlers at work at the same time.
  public var handlersMax = 512
  /// Events taken from the source and not yet dealt with, per partition.
  public var windowEventsMax = 512
  /// Events read at once.
  public var readEventsMax = 256
  /// The cursors are stored after this many events …
  public var cursorEvents = 4096
  /// … or after this long, whichever is first. Unless nothing was dealt with.
  public var cursorInterval = Duration.seconds(1)
  /// Attempts of an event that goes wrong before it is parked.
  public var attemptsMax = 5
  /// Ordering keys that may be parked at the same time; beyond it events that cannot be handled wait.
  public var parkedKeysMax = 100_000
  public var backOff = BackOff()

  public init() {}
}

/// Why a subscription cannot go on. None of these heals by itself.
public enum SubscriptionError: Error, Sendable, Equatable {
  /// The stored cursor belongs to another history of the source.
  case otherEpoch(Partition, cursor: JournalEpoch, source: JournalEpoch)
  /// The stored cursor is beyond the source's head: the source has lost events.
  case cursorBeyondHead(Partition, cursor: Position, head: Position)
  /// The source's partitions are not those the cursors were stored for.
  case partitionCount(cursor: Partition, source: Int)
  /// The source was closed or refuses for good.
  case journal(JournalError)
}

/// What a subscription tells whoever logs.
public enum SubscriptionNotice: Sendable, Equatable {
  /// An event could not be handled and is tried again after a while.
  case retrying(Delivery, DeliveryFailure)
  case parked(ParkedEvent)
  /// The source has no event at this position although it has later ones; it is asked again.
  case hole(Partition, Position)
  /// The source or the destination answers with an error; it is tried again.
  case waiting(Partition, JournalError)
}

/// How far behind a subscription is.
public struct SubscriptionLag: Sendable, Equatable {
  /// Events not yet dealt with, counting those that do not interest it.
  public var events: Int64
  /// The age of the oldest event that has been taken up and is not dealt with; zero when none is.
  public var oldest: Duration

  public init(events: Int64, oldest: Duration) {
    self.events = events
    self.oldest = oldest
  }
}
