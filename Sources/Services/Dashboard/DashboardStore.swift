package import Journal
package import Views

/// The view as the store of the projections that keep it up to date, one per journal.
package struct DashboardStore: ProjectionStore {
  /// The name under which the projections run.
  package static let viewName = "dashboard"

  package let view: any OrderView

  package init(_ view: any OrderView) { self.view = view }

  package func cursors(
    of name: String, from source: String
  ) async throws(ProjectionFailure) -> [Cursor] {
    do throws(ViewError) {
      return try await view.cursors().asCursors(of: name, from: source)
    } catch { throw ProjectionFailure(error) }
  }

  /// What cannot be read stalls its own order's stream, in the view.
  package func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
    let changes = batch.inOrder.compactMap { event, aside in
      aside.map { DashboardFold.setAside($0) } ?? DashboardFold.change(for: event)
    }
    do throws(ViewError) {
      try await view.apply(
        ViewBatch(
          source: batch.source, changes: changes, cursors: batch.cursors.map(ViewCursor.init),
          after: batch.after))
    } catch { throw ProjectionFailure(error) }
  }

  package var restarts: StoreRestarts { view.restarts }
}
