/// An event to be appended: what the caller decides. Position, version and time are the journal's.
public struct NewEvent: Sendable, Equatable {
  public var id: EventID
  /// The full protobuf name of the payload's message, e.g. `baedal.order.v1.OrderPlaced`.
  public var type: String
  /// The message in protobuf's wire format.
  public var payload: [UInt8]
  public var metadata: EventMetadata

  public init(id: EventID, type: String, payload: [UInt8], metadata: EventMetadata) {
    self.id = id
    self.type = type
    self.payload = payload
    self.metadata = metadata
  }
}

/// What travels with an event so that a whole course can be put together again.
public struct EventMetadata: Sendable, Equatable {
  /// The course this event belongs to: the order id.
  public var correlationID: String
  /// What made it happen: the id of the command or of the event before it.
  public var causationID: String
  /// W3C trace context, when the command carried one.
  public var traceparent: String?

  public init(correlationID: String, causationID: String, traceparent: String? = nil) {
    self.correlationID = correlationID
    self.causationID = causationID
    self.traceparent = traceparent
  }
}

/// An event as the journal holds it. Whoever gets one has its checksum verified.
///
/// A reference: on its way from the writer to everybody who follows, each event is handed on many
/// times, and a copy of a value would count a reference for each of its texts.
public final class RecordedEvent: Sendable {
  public let partition: Partition
  public let position: Position
  public let stream: StreamKey
  public let version: StreamVersion
  public let id: EventID
  public let type: String
  public let payload: [UInt8]
  public let metadata: EventMetadata
  /// The journal's wall clock when the append was taken up.
  public let recordedAt: WallTime

  public init(
    partition: Partition, position: Position, stream: StreamKey, version: StreamVersion,
    id: EventID, type: String, payload: [UInt8], metadata: EventMetadata, recordedAt: WallTime
  ) {
    self.partition = partition
    self.position = position
    self.stream = stream
    self.version = version
    self.id = id
    self.type = type
    self.payload = payload
    self.metadata = metadata
    self.recordedAt = recordedAt
  }

  /// Stands for an event whose row is damaged, so that it is set aside like one that cannot be
  /// handled: its place, and its stream as far as that can still be told. Nothing else is known.
  convenience init(
    damaged: Corruption, _ partition: Partition, _ position: Position, seenAt: WallTime
  ) {
    let unknown = StreamKey(category: "unknown", id: "\(partition)@\(position)")
    let stream = damaged.stream ?? unknown
    let place = EventID("\(partition)@\(position)")
    self.init(
      partition: partition, position: position, stream: stream,
      version: damaged.version ?? .none, id: place, type: "damaged", payload: [],
      metadata: EventMetadata(correlationID: stream.id, causationID: ""), recordedAt: seenAt)
  }
}

extension RecordedEvent: Equatable {
  public static func == (one: RecordedEvent, other: RecordedEvent) -> Bool {
    one === other
      || one.partition == other.partition && one.position == other.position
        && one.stream == other.stream && one.version == other.version && one.id == other.id
        && one.type == other.type && one.payload == other.payload
        && one.metadata == other.metadata && one.recordedAt == other.recordedAt
  }
}
