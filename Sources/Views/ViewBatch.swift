package import Journal

/// What a run of events of one source changes in a view. Changes and cursors become visible
/// together; handing in the same batch again changes nothing.
package struct ViewBatch<Change: Sendable>: Sendable {
  /// The journal the events are from.
  package var source: String
  /// In the order of their events within each partition; an event that means nothing to the view
  /// gives none.
  package var changes: [Change]
  /// Where the view stands afterwards, for each partition that moved. One of another epoch than
  /// the view has taken is refused.
  package var cursors: [ViewCursor]
  /// Where the view must stand before, or beyond; at the start, for a partition that is not named.
  /// What would leave a hole is refused.
  package var after: [Partition: Position]

  package init(
    source: String, changes: [Change], cursors: [ViewCursor], after: [Partition: Position] = [:]
  ) {
    self.source = source
    self.changes = changes
    self.cursors = cursors
    self.after = after
  }
}

/// How far a view has taken one partition of one source.
package struct ViewCursor: Hashable, Sendable {
  package var partition: Partition
  package var position: Position
  /// The source's epoch.
  package var epoch: JournalEpoch

  package init(partition: Partition, position: Position, epoch: JournalEpoch) {
    self.partition = partition
    self.position = position
    self.epoch = epoch
  }
}

/// How far a view has taken each partition of each source.
package struct ViewCursors: Sendable, Equatable {
  private var bySource: [String: [Partition: ViewCursor]] = [:]

  package init() {}

  /// The cursors of one source, by partition.
  package func of(_ source: String) -> [ViewCursor] {
    (bySource[source] ?? [:]).values.sorted { $0.partition < $1.partition }
  }

  /// The last position taken; `.start` if none.
  package func position(_ source: String, _ partition: Partition) -> Position {
    bySource[source]?[partition]?.position ?? .start
  }

  /// Moves on, never back.
  package mutating func take(_ cursor: ViewCursor, of source: String) {
    guard cursor.position > position(source, cursor.partition) else { return }
    bySource[source, default: [:]][cursor.partition] = cursor
  }

  /// Whether this batch has something new. Throws `.outOfStep` when it is of another epoch, or
  /// begins beyond what was taken.
  func accepts<Change>(_ batch: ViewBatch<Change>) throws(ViewError) -> Bool {
    var isNew = false
    for cursor in batch.cursors {
      let known = bySource[batch.source]?[cursor.partition]
      if let known, known.epoch != cursor.epoch {
        throw .outOfStep(
          "\(batch.source), partition \(cursor.partition): epoch \(cursor.epoch), "
            + "the view has \(known.epoch)")
      }
      let position = known?.position ?? .start
      let after = batch.after[cursor.partition, default: .start]
      guard after <= position else {
        throw .outOfStep(
          "\(batch.source), partition \(cursor.partition): the batch follows \(after), "
            + "the view stands at \(position)")
      }
      if cursor.position > position { isNew = true }
    }
    return isNew
  }
}
