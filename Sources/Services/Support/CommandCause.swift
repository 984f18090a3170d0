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
    self.traceparent = Self.wellFormed(traceparent)
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

  /// The text, if it is W3C's `traceparent` of version 00: `00-`, 32 hex digits of which not all
  /// are 0, `-`, 16 such, `-` and 2 more, in lower case. Else nil, as W3C has it: whoever calls, or
  /// keeps another journal, may have made it up, and it is written down with every event.
  private static func wellFormed(_ text: String?) -> String? {
    guard let text, text.utf8.count == 55 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.map(\.count) == [2, 32, 16, 2], parts[0].elementsEqual("00".utf8),
      parts.allSatisfy({ $0.allSatisfy(isHexDigit) }),
      parts[1...2].allSatisfy({ $0.contains { $0 != UInt8(ascii: "0") } })
    else { return nil }
    return text
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
  }
}
