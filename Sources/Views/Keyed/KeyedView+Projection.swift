package import Journal

/// A keyed view as a projection's store.
package struct KeyedStore<View: KeyedView>: ProjectionStore {
  package let view: View

  package init(_ view: View) { self.view = view }

  package func cursors(
    of name: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor] {
    do throws(ViewError) {
      return try await view.cursors().asCursors(of: name, from: source)
    } catch { throw ProjectionFailure(error) }
  }

  /// A row that cannot be folded is stalled by the view itself.
  package func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
    do throws(ViewError) {
      try await view.apply(ViewBatch(batch))
    } catch { throw ProjectionFailure(error) }
  }

  package var restarts: StoreRestarts { view.restarts }
}

extension ProjectionFailure {
  /// A view's error in a projection's words.
  package init(_ error: ViewError) {
    switch error {
    case .outOfStep(let reason): self = .outOfStep(reason)
    default: self = .unavailable("\(error)")
    }
  }
}

extension ViewBatch where Change == KeyedChange {
  /// A projection's batch, those set aside among the others in the order in which they happened.
  package init(_ batch: ProjectionBatch) {
    self.init(
      source: batch.source,
      changes: batch.inOrder.map { KeyedChange($0.event, setAside: $0.setAside?.reason) },
      cursors: batch.cursors.map(ViewCursor.init), after: batch.after)
  }
}

extension ViewCursor {
  /// A subscriber's cursor without its name.
  package init(_ cursor: Cursor) {
    self.init(partition: cursor.partition, position: cursor.position, epoch: cursor.epoch)
  }
}

extension ViewCursors {
  /// The cursors of one source under a subscriber's name.
  package func asCursors(of subscriber: String, from source: String) -> [Cursor] {
    of(source).map {
      Cursor(
        subscriber: subscriber, partition: $0.partition, position: $0.position, epoch: $0.epoch)
    }
  }
}
