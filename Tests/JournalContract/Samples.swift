package import Journal

/// An order's stream.
package func order(_ id: String) -> StreamKey { StreamKey(category: "order", id: id) }

/// An event with a payload that tells it apart.
package func event(_ text: String, of stream: StreamKey, causedBy cause: String = "test")
  -> NewEvent
{
  NewEvent(
    id: EventID("\(stream.text)#\(text)"), type: "baedal.test.v1.Noted",
    payload: Array(text.utf8),
    metadata: EventMetadata(correlationID: stream.id, causationID: cause))
}

/// Appends `texts` to a stream that stands at `version`.
package func append(
  _ texts: [String], to stream: StreamKey, at version: StreamVersion = .none
) -> Append {
  Append(to: stream, expecting: version, texts.map { event($0, of: stream) })
}

extension RecordedEvent {
  /// The text that `event(_:of:)` put in.
  package var text: String { String(decoding: payload, as: UTF8.self) }
}
