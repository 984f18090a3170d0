package import Journal

/// A copy of something another service owns, kept up by its events: one row per key, such as the
/// menu of one store.
package struct KeyedRow: Hashable, Sendable {
  package let key: String
  /// The version, in its stream, of the last event that went into it.
  package var version: Int64
  /// When that event was recorded: how old the copy is.
  package var updatedAt: WallTime
  /// The row's content; whoever folds it knows what it means.
  package var bytes: [UInt8]

  package init(key: String, version: Int64, updatedAt: WallTime, bytes: [UInt8]) {
    self.key = key
    self.version = version
    self.updatedAt = updatedAt
    self.bytes = bytes
  }
}

/// One event of a source, as a keyed view takes it in.
package struct KeyedChange: Sendable {
  package let event: RecordedEvent
  /// Why the event was set aside: its row is not kept up any further. nil when it is to be folded.
  package let setAside: String?

  package init(_ event: RecordedEvent, setAside: String? = nil) {
    self.event = event
    self.setAside = setAside
  }
}

/// How events become rows. Pure: the same events in the same order give the same rows.
package struct KeyedFold: Sendable {
  /// What an event does to its row.
  package enum Effect: Sendable, Equatable {
    case put([UInt8])
    case remove
    case nothing
  }

  /// Names the view's files; letters only.
  package let name: String
  /// 1 to 65,535. Changes whenever the same events would give other rows: the view is then built
  /// anew.
  package let version: Int64
  /// The row an event belongs to; nil when it means nothing to this view.
  package let key: @Sendable (RecordedEvent) -> String?
  /// The row that a stream's events add up to, which one that was set aside stops; nil where each
  /// event says all of its row.
  package let keyOfStream: @Sendable (StreamKey) -> String?
  /// What it does to the row as it is. Throwing stops that row: it stays as it is, and later
  /// events of its key are left out until the view is built anew.
  package let effect: @Sendable (RecordedEvent, KeyedRow?) throws -> Effect

  package init(
    name: String, version: Int64, key: @escaping @Sendable (RecordedEvent) -> String?,
    keyOfStream: @escaping @Sendable (StreamKey) -> String? = { _ in nil },
    effect: @escaping @Sendable (RecordedEvent, KeyedRow?) throws -> Effect
  ) {
    self.name = name
    self.version = version
    self.key = key
    self.keyOfStream = keyOfStream
    self.effect = effect
  }
}

/// What became visible of one key; without a row it was removed.
package struct KeyedUpdate: Hashable, Sendable {
  package let key: String
  package let row: KeyedRow?

  package init(key: String, row: KeyedRow?) {
    self.key = key
    self.row = row
  }
}

/// A key whose row is not kept up any further, and which event was the reason.
package struct KeyedStall: Hashable, Sendable {
  package let key: String
  package let source: String
  package let partition: Partition
  package let position: Position
  package let reason: String

  package init(
    key: String, source: String, partition: Partition, position: Position, reason: String
  ) {
    self.key = key
    self.source = source
    self.partition = partition
    self.position = position
    self.reason = reason
  }
}

/// Rows by key with the cursors of the journals they are made from, in one transaction each time.
package protocol KeyedView: Sendable {
  /// How far each source has been taken.
  nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors

  /// Folds a batch in, returning once it is visible to every later query. What has been taken
  /// before changes nothing. Not cancellable.
  nonisolated(nonsending) func apply(
    _ batch: ViewBatch<KeyedChange>
  ) async throws(ViewError)

  /// One row.
  nonisolated(nonsending) func row(_ key: String) async throws(ViewError) -> KeyedRow?

  /// Rows by key, those with a greater key than `key`.
  nonisolated(nonsending) func rows(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedRow]

  /// Keys that are stalled, by key.
  nonisolated(nonsending) func stalled(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedStall]

  /// Tells when it has begun anew, without a row, since its file was damaged.
  var restarts: StoreRestarts { get }

  /// Ends it; what was acknowledged is kept.
  nonisolated(nonsending) func close() async
}

extension KeyedView {
  /// Hands every row to `body`, a page at a time: to fill a copy in memory at start.
  package nonisolated(nonsending) func forEachRow(
    pageSize: Int = 256, _ body: (KeyedRow) -> Void
  ) async throws(ViewError) {
    var key = ""
    while true {
      let page = try await rows(after: key, limit: max(1, pageSize))
      for row in page { body(row) }
      guard let last = page.last, page.count == max(1, pageSize) else { return }
      key = last.key
    }
  }
}
