import Domain
public import Journal
public import Transport

/// Where a command comes from: kept with the events it brings about, so that a whole course can
/// be put together again.
public struct CommandCause: Sendable {
  /// The course it belongs to: the order id.
  public var correlationID: String
  /// The event or request that made it happen.
  public var causationID: String
  /// W3C trace context, if there is one.
  public var traceparent: String?
  /// The source position this command is an effect of, taken with it exactly once.
  public var taking: InboxPosition?

  public init(
    correlationID: String, causationID: String, traceparent: String? = nil,
    taking: InboxPosition? = nil
  ) {
    self.correlationID = correlationID
    self.causationID = causationID
    self.traceparent = traceparent
    self.taking = taking
  }

  /// A command that somebody gave by a call.
  public init(_ context: CallContext, correlationID: String) {
    self.init(
      correlationID: correlationID,
      causationID: "call/\(context.principal.role)/\(context.principal.id)",
      traceparent: context.traceparent)
  }

  /// A command that an event of another journal brings about, for `subscriber`.
  public init(_ event: RecordedEvent, subscriber: String) {
    self.init(
      correlationID: event.metadata.correlationID, causationID: event.id.text,
      traceparent: event.metadata.traceparent,
      taking: InboxPosition(
        source: InboxSource(subscriber: subscriber, partition: event.partition),
        position: event.position))
  }

  /// A command that a deadline of an aggregate brings about.
  public init(_ deadline: Deadline) {
    self.init(
      correlationID: deadline.key.stream.id,
      causationID: "deadline/\(deadline.key.kind)/\(deadline.dueAt.milliseconds)")
  }

  public var metadata: EventMetadata {
    EventMetadata(
      correlationID: correlationID, causationID: causationID, traceparent: traceparent)
  }
}
