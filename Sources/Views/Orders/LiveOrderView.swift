package import Journal
import Synchronization

/// The view in use: another one can take its place while it is being read and written. Readers
/// notice nothing; batches wait for the moment the change takes.
package final class LiveOrderView: OrderView {
  fileprivate struct State {
    var view: any OrderView
    /// Goes up with each replacement.
    var generation = 0
    /// Batches that are being written.
    var writing = 0
    var isReplacing = false
    /// Batches that wait for a replacement to end; bounded by who writes: a partition at a time.
    var waiting: [UnsafeContinuation<Void, Never>] = []
    /// The replacement that waits for `writing` to reach zero.
    var replacement: UnsafeContinuation<Void, Never>?
  }

  /// The same for every view that takes the place: pass them to those that are to.
  package let changes: OrderChanges
  package let restarts: StoreRestarts
  fileprivate let state: Mutex<State>

  package init(_ view: any OrderView) {
    changes = view.changes
    restarts = view.restarts
    state = Mutex(State(view: view))
  }

  /// The view in use right now.
  package var current: any OrderView { state.withLock { $0.view } }

  /// Puts what `make` returns in the place of the view it is given, which is closed afterwards,
  /// and tells whoever waits for an order what the new one has of it. No batch is written while
  /// that goes on; if `make` throws, everything stays as it was.
  package nonisolated(nonsending) func replace<Failure: Error>(
    failure: (ViewError) -> Failure,
    _ make: nonisolated(nonsending) (any OrderView) async throws(Failure) -> any OrderView
  ) async throws(Failure) {
    let isFirst = state.withLock { state in
      defer { state.isReplacing = true }
      return !state.isReplacing
    }
    guard isFirst else { throw failure(.overloaded("the view is being replaced already")) }
    await withUnsafeContinuation { (ready: UnsafeContinuation<Void, Never>) in
      let isReady = state.withLock { state in
        if state.writing > 0 { state.replacement = ready }
        return state.writing == 0
      }
      if isReady { ready.resume() }
    }
    let old = current
    defer {
      let waiting = state.withLock { state in
        state.isReplacing = false
        defer { state.waiting = [] }
        return state.waiting
      }
      for batch in waiting { batch.resume() }
    }
    let new = try await make(old)
    state.withLock { state in
      state.view = new
      state.generation += 1
    }
    await tellAwaiting(of: new)
    await old.close()
  }

  /// The new view may have taken in, untold, what the old one had not: a batch that brings it again
  /// changes nothing, and so tells nobody.
  private nonisolated(nonsending) func tellAwaiting(of view: any OrderView) async {
    for orderID in changes.awaited {
      do throws(ViewError) {
        if let record = try await view.order(orderID) { changes.publish([record]) }
      } catch { changes.end(orderID, error) }
    }
  }

  package nonisolated(nonsending) func apply(
    _ batch: ViewBatch<OrderChange>
  ) async throws(ViewError) {
    let view = await enter()
    defer { leave() }
    try await view.apply(batch)
  }

  private nonisolated(nonsending) func enter() async -> any OrderView {
    while true {
      let view: (any OrderView)? = state.withLock { state in
        guard !state.isReplacing else { return nil }
        state.writing += 1
        return state.view
      }
      if let view { return view }
      await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
        let isDone = state.withLock { state in
          if state.isReplacing { state.waiting.append(done) }
          return !state.isReplacing
        }
        if isDone { done.resume() }
      }
    }
  }

  private func leave() {
    let replacement = state.withLock { state in
      state.writing -= 1
      return state.writing == 0 ? state.replacement.take() : nil
    }
    replacement?.resume()
  }
}

extension LiveOrderView {
  package nonisolated(nonsending) func cursors() async throws(ViewError) -> ViewCursors {
    try await query { (view) throws(ViewError) in try await view.cursors() }
  }

  package nonisolated(nonsending) func order(
    _ orderID: String
  ) async throws(ViewError) -> OrderRecord? {
    try await query { (view) throws(ViewError) in try await view.order(orderID) }
  }

  package nonisolated(nonsending) func orders(
    ofCustomer customerID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try await query { (view) throws(ViewError) in
      try await view.orders(ofCustomer: customerID, after: place, limit: limit)
    }
  }

  package nonisolated(nonsending) func board(
    ofStore storeID: String, after place: OrderPlace?, limit: Int
  ) async throws(ViewError) -> [OrderRow] {
    try await query { (view) throws(ViewError) in
      try await view.board(ofStore: storeID, after: place, limit: limit)
    }
  }

  package nonisolated(nonsending) func records(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try await query { (view) throws(ViewError) in
      try await view.records(afterID: orderID, limit: limit)
    }
  }

  package nonisolated(nonsending) func stalled(
    afterID orderID: String, limit: Int
  ) async throws(ViewError) -> [OrderRecord] {
    try await query { (view) throws(ViewError) in
      try await view.stalled(afterID: orderID, limit: limit)
    }
  }

  /// Also lets everyone go who waits for changes.
  package nonisolated(nonsending) func close() async {
    changes.close()
    await current.close()
  }

  /// Asks again when the view was replaced, and so closed, on the way to it.
  private nonisolated(nonsending) func query<T: Sendable>(
    _ body: nonisolated(nonsending) (any OrderView) async throws(ViewError) -> T
  ) async throws(ViewError) -> T {
    while true {
      let (view, place) = state.withLock { ($0.view, $0.generation) }
      do throws(ViewError) { return try await body(view) } catch {
        guard error == .closed, state.withLock({ $0.generation != place }) else { throw error }
      }
    }
  }
}
