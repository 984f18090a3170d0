import Domain
package import Journal
package import Transport

/// Where a command comes from: kept with the events it brings about, so that a whole course can
/// be put together again.
package struct CommandCause: Sendable {
  /// The course it belongs to: the order id.
  package var correlationID: String
  /// The event or request that made it happen.
  package var causationID: String
  /// W3C trace context, if there is one.
  package var traceparent: String?
  /// The source position this command is an effect of, taken with it exactly once.
  package var taking: InboxPosition?

  package init(
    correlationID: String, causationID: String, traceparent: String? = nil,
    taking: InboxPosition? = nil
  ) {
    self.correlationID = correlationID
    self.causationID = causationID
    self.traceparent = traceparent
    self.taking = taking
  }

  /// A command that somebody gave by a call.
  package init(_ context: CallContext, correlationID: String) {
    self.init(
      correlationID: correlationID,
      causationID: "call/\(context.principal.role)/\(context.principal.id)",
      traceparent: context.traceparent)
  }

  /// A command that an event of another journal brings about, for `subscriber`.
  package init(_ event: RecordedEvent, subscriber: String) {
    self.init(
      correlationID: event.metadata.correlationID, causationID: event.id.text,
      traceparent: event.metadata.traceparent,
      taking: InboxPosition(
        source: InboxSource(subscriber: subscriber, partition: event.partition),
        position: event.position))
  }

  /// A command that a deadline of an aggregate brings about.
  package init(_ deadline: Deadline) {
    self.init(
      correlationID: deadline.key.stream.id,
      causationID: "deadline/\(deadline.key.kind)/\(deadline.dueAt.milliseconds)")
  }

  package var metadata: EventMetadata {
    EventMetadata(
      correlationID: correlationID, causationID: causationID, traceparent: traceparent)
  }
}
