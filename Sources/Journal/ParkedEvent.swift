/// Names a parked event: whose it is and where it stands in the source.
public struct ParkedKey: Hashable, Sendable, CustomStringConvertible {
  public let subscriber: String
  public let partition: Partition
  public let position: Position

  public init(subscriber: String, partition: Partition, position: Position) {
    self.subscriber = subscriber
    self.partition = partition
    self.position = position
  }

  public var description: String { "\(subscriber) \(partition)@\(position)" }

  /// Under whose name events stand that were given up for `subscriber`: what became of them, and by
  /// whom, stays in the journal.
  public static func discarded(by subscriber: String) -> String { "discarded:\(subscriber)" }

  /// The same event once it has been given up.
  public var discarded: ParkedKey {
    ParkedKey(
      subscriber: Self.discarded(by: subscriber), partition: partition, position: position)
  }
}

/// An event set aside for one subscriber: it could not be handled, or stands behind one that
/// could not. The event itself stays in the source journal.
public struct ParkedEvent: Hashable, Sendable {
  public var key: ParkedKey
  /// The source journal's name.
  public var source: String
  /// The event's stream in the source.
  public var stream: StreamKey
  /// What orders it: later events of the same ordering key are parked behind it.
  public var orderingKey: String
  public var type: String
  /// Why; for one that only stands behind another, which.
  public var reason: String
  /// How often handling was tried; 0 for one that only stands behind another.
  public var attempts: Int
  public var parkedAt: WallTime

  public init(
    key: ParkedKey, source: String, stream: StreamKey, orderingKey: String, type: String,
    reason: String, attempts: Int, parkedAt: WallTime
  ) {
    self.key = key
    self.source = source
    self.stream = stream
    self.orderingKey = orderingKey
    self.type = type
    self.reason = reason
    self.attempts = attempts
    self.parkedAt = parkedAt
  }
}

/// A change of parked events within an append.
public enum ParkedChange: Hashable, Sendable {
  /// Adds it, replacing one of the same key.
  case put(ParkedEvent)
  /// Removes it; no effect if there is none.
  case remove(ParkedKey)
}
