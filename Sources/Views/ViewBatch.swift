package import Journal

/// What consecutive events of one partition change in a view. Changes and cursor become visible
/// together; handing in the same batch again changes nothing.
package struct ViewBatch<Change: Sendable>: Sendable {
  /// The journal the events are from.
  package var source: String
  package var partition: Partition
  /// The journal's epoch. A view that has taken another one refuses the batch.
  package var epoch: JournalEpoch
  /// The position before the first event. Beyond the view's cursor there would be a hole, so the
  /// view refuses it; before it is fine.
  package var after: Position
  /// The position of the last event: the cursor once the batch is in.
  package var through: Position
  /// In the order of their events; an event that means nothing to the view gives none.
  package var changes: [Change]

  package init(
    source: String, partition: Partition, epoch: JournalEpoch, after: Position,
    through: Position, changes: [Change]
  ) {
    self.source = source
    self.partition = partition
    self.epoch = epoch
    self.after = after
    self.through = through
    self.changes = changes
  }

  /// The cursor the view has afterwards, at least.
  package var cursor: Cursor {
    Cursor(subscriber: source, partition: partition, position: through, epoch: epoch)
  }
}

/// How far a view has taken each partition of each source.
package struct ViewCursors: Sendable, Equatable {
  private struct Key: Hashable, Sendable {
    let source: String
    let partition: Partition
  }

  private var places: [Key: Cursor] = [:]

  package init() {}

  package init(_ cursors: [Cursor]) {
    for cursor in cursors {
      places[Key(source: cursor.subscriber, partition: cursor.partition)] = cursor
    }
  }

  /// Every cursor; `Cursor.subscriber` is the source's name. Sorted by source and partition.
  package var all: [Cursor] {
    places.values.sorted { ($0.subscriber, $0.partition) < ($1.subscriber, $1.partition) }
  }

  /// The cursors of one source, by partition.
  package func of(_ source: String) -> [Cursor] { all.filter { $0.subscriber == source } }

  /// The last position taken; `.start` if none.
  package func position(_ source: String, _ partition: Partition) -> Position {
    places[Key(source: source, partition: partition)]?.position ?? .start
  }

  /// Whether this batch has something new. Throws `.outOfStep` when it does not follow.
  func accepts<Change>(_ batch: ViewBatch<Change>) throws(ViewError) -> Bool {
    let place = "\(batch.source), partition \(batch.partition)"
    guard let known = places[Key(source: batch.source, partition: batch.partition)] else {
      guard batch.after == .start else {
        throw .outOfStep("\(place): starts after \(batch.after), nothing taken yet")
      }
      return batch.through > .start
    }
    guard known.epoch == batch.epoch else {
      throw .outOfStep("\(place): epoch \(batch.epoch), the view has \(known.epoch)")
    }
    guard batch.after <= known.position else {
      throw .outOfStep("\(place): starts after \(batch.after), taken up to \(known.position)")
    }
    return batch.through > known.position
  }

  /// Moves on, never back.
  mutating func take(_ cursor: Cursor) {
    let key = Key(source: cursor.subscriber, partition: cursor.partition)
    if let known = places[key], known.position >= cursor.position { return }
    places[key] = cursor
  }
}
