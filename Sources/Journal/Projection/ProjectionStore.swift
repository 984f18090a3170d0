/// What one transaction of a view takes in: events of one source, in order per partition, and the
/// cursors that stand behind them.
package struct ProjectionBatch: Sendable, Equatable {
  /// The source journal's name.
  package var source: String
  package var events: [RecordedEvent]
  /// Events that could not be applied, to be recorded as such in the same transaction.
  package var setAside: [SetAsideEvent]
  /// Where the view stands afterwards, for each partition that moved.
  package var cursors: [Cursor]

  package init(
    source: String, events: [RecordedEvent], setAside: [SetAsideEvent], cursors: [Cursor]
  ) {
    self.source = source
    self.events = events
    self.setAside = setAside
    self.cursors = cursors
  }
}

/// An event that a view could not apply, and why.
package struct SetAsideEvent: Sendable, Equatable {
  package var event: RecordedEvent
  package var reason: String

  package init(event: RecordedEvent, reason: String) {
    self.event = event
    self.reason = reason
  }
}

/// Why a batch was not applied. Nothing of it was stored.
package enum ProjectionFailure: Error, Sendable, Equatable {
  /// The store is away or full: the same batch is tried again.
  case unavailable(String)
  /// This event can never be applied: the batch is tried again with it set aside.
  case poison(Partition, Position, String)
}

/// Where a view is kept: rows, cursors and epoch of the source in one place.
package protocol ProjectionStore: Sendable {
  /// The cursors stored for this view and source.
  func cursors(
    of view: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor]
  /// Applies rows and cursors in one transaction.
  func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure)
}

/// Bounds and habits of a projection.
package struct ProjectionOptions: Sendable {
  /// Events in one transaction.
  package var batchEventsMax = 1024
  package var backOff = BackOff()

  package init() {}
}
