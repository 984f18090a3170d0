/// Everything that becomes durable together: events of one or several streams, inbox marks,
/// cursors, deadlines and parked events. May hold no events at all. All of it or nothing.
public struct Append: Sendable, Equatable {
  /// Each stream at most once. An entry without events only checks the version.
  public var streams: [StreamAppend]
  public var marks: [InboxMark]
  public var cursors: [Cursor]
  public var deadlines: [DeadlineChange]
  public var parked: [ParkedChange]

  public init(
    streams: [StreamAppend] = [], marks: [InboxMark] = [], cursors: [Cursor] = [],
    deadlines: [DeadlineChange] = [], parked: [ParkedChange] = []
  ) {
    self.streams = streams
    self.marks = marks
    self.cursors = cursors
    self.deadlines = deadlines
    self.parked = parked
  }

  /// Events of one stream and what goes with them.
  public init(
    to stream: StreamKey, expecting version: StreamVersion, _ events: [NewEvent],
    marks: [InboxMark] = [], deadlines: [DeadlineChange] = []
  ) {
    self.init(
      streams: [StreamAppend(stream: stream, expectedVersion: version, events: events)],
      marks: marks, deadlines: deadlines)
  }
}

/// Events for one stream, valid only while the stream stands at `expectedVersion`.
public struct StreamAppend: Sendable, Equatable {
  public var stream: StreamKey
  /// The version the decision was made on; 0 for a stream that must not exist yet.
  public var expectedVersion: StreamVersion
  public var events: [NewEvent]

  public init(stream: StreamKey, expectedVersion: StreamVersion, events: [NewEvent]) {
    self.stream = stream
    self.expectedVersion = expectedVersion
    self.events = events
  }
}

/// What became durable: one entry per stream of the append, in the append's order.
public struct AppendReceipt: Sendable, Equatable {
  public let streams: [StreamReceipt]
  public let recordedAt: WallTime

  public init(streams: [StreamReceipt], recordedAt: WallTime) {
    self.streams = streams
    self.recordedAt = recordedAt
  }
}

/// Where one stream's events of an append went.
public struct StreamReceipt: Sendable, Equatable {
  public let stream: StreamKey
  public let partition: Partition
  /// The position of the stream's last event of this append, which are consecutive; the
  /// partition's head when the entry held no events.
  public let lastPosition: Position
  /// The stream's version after the append.
  public let version: StreamVersion

  public init(
    stream: StreamKey, partition: Partition, lastPosition: Position, version: StreamVersion
  ) {
    self.stream = stream
    self.partition = partition
    self.lastPosition = lastPosition
    self.version = version
  }
}
