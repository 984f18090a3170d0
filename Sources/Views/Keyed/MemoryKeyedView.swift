package import Journal
import Synchronization

/// Rows in memory, for simulations and as the plainest form of the rules.
package final class MemoryKeyedView: KeyedView {
  private struct State {
    var rows: [String: KeyedRow] = [:]
    var pending: KeyedRows
    var cursors = ViewCursors()
    var isClosed = false
  }

  package let restarts = StoreRestarts()
  private let state: Mutex<State>
  private let onChange: @Sendable ([KeyedUpdate]) -> Void

  /// - Parameter onChange: told of changes once they are visible, in order; must not block.
  package init(
    _ fold: KeyedFold, onChange: @escaping @Sendable ([KeyedUpdate]) -> Void = { _ in }
  ) {
    state = Mutex(State(pending: KeyedRows(fold: fold)))
    self.onChange = onChange
  }

  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try query { $0.cursors }
  }

  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<KeyedChange>
  ) async throws(ViewError) {
    let outcome: Result<Void, ViewError> = state.withLock { state in
      guard !state.isClosed else { return .failure(.closed) }
      do throws(ViewError) {
        guard try state.cursors.accepts(batch) else { return .success(()) }
      } catch { return .failure(error) }
      let taken = state.cursors
      let rows = state.rows
      state.pending.apply(batch, after: taken) { rows[$0] }
      let updates = state.pending.takeChanges(keeping: 0)
      for update in updates { state.rows[update.key] = update.row }
      for cursor in batch.cursors { state.cursors.take(cursor, of: batch.source) }
      // Within the lock, so that two batches cannot be told of in the wrong order.
      if !updates.isEmpty { onChange(updates) }
      return .success(())
    }
    try outcome.get()
  }

  package nonisolated(nonsending) func row(_ key: String) async throws(ViewError) -> KeyedRow? {
    try query { $0.rows[key] }
  }

  package nonisolated(nonsending) func rows(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedRow] {
    try query { state in
      state.rows.values.filter { key.precedes($0.key) }.sorted { $0.key.precedes($1.key) }
        .first(limit)
    }
  }

  package nonisolated(nonsending) func stalled(
    after key: String, limit: Int
  ) async throws(ViewError) -> [KeyedStall] {
    try query { state in
      state.pending.stalls.values.filter { key.precedes($0.key) }
        .sorted { $0.key.precedes($1.key) }.first(limit)
    }
  }

  package nonisolated(nonsending) func close() async {
    state.withLock { $0.isClosed = true }
  }

  private func query<T>(_ body: (State) -> T) throws(ViewError) -> T {
    let found = state.withLock { $0.isClosed ? nil : body($0) }
    guard let found else { throw .closed }
    return found
  }
}
