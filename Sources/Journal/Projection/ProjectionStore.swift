/// What one transaction of a view takes in: events of one source, in order per partition, and the
/// cursors that stand behind them.
public struct ProjectionBatch: Sendable, Equatable {
  /// The source journal's name.
  public var source: String
  public var events: [RecordedEvent]
  /// Events that could not be applied, to be recorded as such in the same transaction.
  public var setAside: [SetAsideEvent]
  /// Where the view stands afterwards, for each partition that moved.
  public var cursors: [Cursor]
  /// Where it must stand before, or beyond; at the start, for a partition that is not named.
  public var after: [Partition: Position]

  public init(
    source: String, events: [RecordedEvent], setAside: [SetAsideEvent], cursors: [Cursor],
    after: [Partition: Position] = [:]
  ) {
    self.source = source
    self.events = events
    self.setAside = setAside
    self.cursors = cursors
    self.after = after
  }

  /// All events, those set aside among the others, in the order in which they happened.
  public var inOrder: [(event: RecordedEvent, setAside: SetAsideEvent?)] {
    let applied = events.map { (event: $0, setAside: nil as SetAsideEvent?) }
    guard !setAside.isEmpty else { return applied }
    return (applied + setAside.map { (event: $0.event, setAside: $0) }).sorted {
      ($0.event.partition, $0.event.position) < ($1.event.partition, $1.event.position)
    }
  }
}

/// An event that a view could not apply, and why.
public struct SetAsideEvent: Sendable, Equatable {
  public var event: RecordedEvent
  public var reason: String

  public init(event: RecordedEvent, reason: String) {
    self.event = event
    self.reason = reason
  }
}

/// Why a batch was not applied. Nothing of it was stored.
public enum ProjectionFailure: Error, Sendable, Equatable {
  /// The store is away or full: the same batch is tried again.
  case unavailable(String)
  /// The view does not stand where the batch begins, or is of another history: its cursors are
  /// read again.
  case outOfStep(String)
}

/// Where a view is kept: rows, cursors and epoch of the source in one place.
public protocol ProjectionStore: Sendable {
  /// The cursors stored for this view and source.
  func cursors(
    of view: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor]
  /// Applies rows and cursors in one transaction.
  func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure)
  /// Tells when the store has begun anew, and is to be filled again.
  var restarts: StoreRestarts { get }
}

/// Bounds and habits of a projection.
public struct ProjectionOptions: Sendable {
  /// Events in one transaction.
  public var batchEventsMax = 1024
  public var backOff = BackOff()

  public init() {}
}
