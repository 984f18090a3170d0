/// The part of a decider that the journal needs: how events become state. `decide` stays with the
/// caller.
public protocol EventSourced {
  associatedtype State: Sendable
  associatedtype Event: Sendable

  /// The category of the aggregate's streams, e.g. `order`.
  static var category: String { get }
  /// The state of an aggregate without events.
  static var initial: State { get }
  /// The state after `event`. Pure and total: what is in the journal has happened.
  static func evolve(_ state: State, _ event: Event) -> State
}

/// A message in wire format and its name.
public struct EncodedEvent: Sendable, Equatable {
  public var type: String
  public var payload: [UInt8]

  public init(type: String, payload: [UInt8]) {
    self.type = type
    self.payload = payload
  }
}

/// Why a stored event cannot be understood by this code.
public enum EventCodecError: Error, Sendable, Equatable {
  case unknownType(String)
  case malformed(String)
}

/// The one place of a service where domain events and their messages meet.
public protocol EventCodec<Event>: Sendable {
  associatedtype Event: Sendable

  /// Throws `malformed` for an event too large to be a message.
  func encode(_ event: Event) throws(EventCodecError) -> EncodedEvent
  /// Throws for a type it does not know; never skips.
  func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> Event
}

/// An aggregate as it stands after what is durable. A reference to what never changes: states are
/// large, and are passed on far more often than made.
public final class AggregateSnapshot<State: Sendable>: Sendable {
  public let state: State
  public let version: StreamVersion
  public let marks: [InboxMark]

  @inlinable
  public init(state: State, version: StreamVersion, marks: [InboxMark]) {
    self.state = state
    self.version = version
    self.marks = marks
  }
}

/// What a command comes to: events of the aggregate and what must become durable with them. All
/// empty means that nothing is written.
public struct Decision<Event: Sendable>: Sendable {
  public var events: [Event]
  public var metadata: EventMetadata
  public var deadlines: [DeadlineChange]

  @inlinable
  public init(_ events: [Event], metadata: EventMetadata, deadlines: [DeadlineChange] = []) {
    self.events = events
    self.metadata = metadata
    self.deadlines = deadlines
  }
}

/// A source position that a command takes: an effect of the event there.
public struct InboxPosition: Hashable, Sendable {
  public var source: InboxSource
  public var position: Position

  public init(source: InboxSource, position: Position) {
    self.source = source
    self.position = position
  }
}

/// How a command on an aggregate ended.
public struct Execution<State: Sendable, Event: Sendable>: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// Durable.
    case committed(AppendReceipt)
    /// There was nothing to write.
    case unchanged
    /// The source position had been taken before; the command was not decided again.
    case alreadyTaken
  }

  public var outcome: Outcome
  /// The events that this command added.
  public var events: [Event]
  /// The aggregate afterwards.
  public var snapshot: AggregateSnapshot<State>

  @inlinable
  public init(outcome: Outcome, events: [Event], snapshot: AggregateSnapshot<State>) {
    self.outcome = outcome
    self.events = events
    self.snapshot = snapshot
  }
}

/// Why an aggregate could not be used.
public enum AggregateError: Error, Sendable, Equatable {
  case journal(JournalError)
  /// Too many commands wait for this aggregate already.
  case busy(StreamKey)
  /// The task was cancelled while it waited for its turn; nothing was started.
  case cancelled
  /// The stream holds an event this code does not understand. Nothing is done on this stream.
  case unreadable(StreamKey, StreamVersion, EventCodecError)
  /// Others won every race for this aggregate.
  case contended(StreamKey, attempts: Int)
}

/// What `execute` throws: the decider's own refusal, or a failure around it.
public enum ExecutionError<Rejection: Error>: Error {
  case rejected(Rejection)
  case failed(AggregateError)
}

extension ExecutionError: Sendable where Rejection: Sendable {}
