/// Names a parked event: whose it is and where it stands in the source.
package struct ParkedKey: Hashable, Sendable, CustomStringConvertible {
  package let subscriber: String
  package let partition: Partition
  package let position: Position

  package init(subscriber: String, partition: Partition, position: Position) {
    self.subscriber = subscriber
    self.partition = partition
    self.position = position
  }

  package var description: String { "\(subscriber) \(partition)@\(position)" }

  /// Under whose name events stand that were given up for `subscriber`: what became of them, and by
  /// whom, stays in the journal.
  package static func discarded(by subscriber: String) -> String { "discarded:\(subscriber)" }

  /// The same event once it has been given up.
  package var discarded: ParkedKey {
    ParkedKey(
      subscriber: Self.discarded(by: subscriber), partition: partition, position: position)
  }
}

/// An event set aside for one subscriber: it could not be handled, or stands behind one that
/// could not. The event itself stays in the source journal.
package struct ParkedEvent: Hashable, Sendable {
  package var key: ParkedKey
  /// The source journal's name.
  package var source: String
  /// The event's stream in the source.
  package var stream: StreamKey
  /// What orders it: later events of the same ordering key are parked behind it.
  package var orderingKey: String
  package var type: String
  /// Why; for one that only stands behind another, which.
  package var reason: String
  /// How often handling was tried; 0 for one that only stands behind another.
  package var attempts: Int
  package var parkedAt: WallTime

  package init(
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
package enum ParkedChange: Hashable, Sendable {
  /// Adds it, replacing one of the same key.
  case put(ParkedEvent)
  /// Removes it; no effect if there is none.
  case remove(ParkedKey)
}
