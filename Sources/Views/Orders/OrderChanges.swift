import Synchronization

/// Who waits for changes of which order. A subscriber holds the latest record and no more,
/// however slowly it reads.
package final class OrderChanges: Sendable {
  private struct State {
    var byOrder: [String: [Subscriber]] = [:]
    var byWatcher: [String: Int] = [:]
    var count = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let subscribersMax: Int
  private let subscribersEachMax: Int

  /// - Parameters:
  ///   - subscribersMax: at once, over all orders and watchers.
  ///   - subscribersEachMax: of one watcher at once, over all orders.
  package init(subscribersMax: Int = 10_000, subscribersEachMax: Int = 100) {
    self.subscribersMax = subscribersMax
    self.subscribersEachMax = subscribersEachMax
  }

  /// The number of subscribers right now.
  package var subscriberCount: Int { state.withLock { $0.count } }

  /// The orders that somebody waits for right now.
  var awaited: [String] { state.withLock { Array($0.byOrder.keys) } }

  /// Runs `body` with a subscription to one order, which ends with it.
  /// - Parameter watcher: who has it, by a name that nobody else has.
  package nonisolated(nonsending) func withSubscription<T: Sendable, Failure: Error>(
    to orderID: String, by watcher: String, else failure: (ViewError) -> Failure,
    _ body: nonisolated(nonsending) (OrderSubscription) async throws(Failure) -> T
  ) async throws(Failure) -> T {
    let subscriber = Subscriber()
    let refused: ViewError? = state.withLock { state in
      if state.isClosed { return .closed }
      if state.count >= subscribersMax { return .overloaded("\(subscribersMax) watchers") }
      if state.byWatcher[watcher, default: 0] >= subscribersEachMax {
        return .overloaded("\(subscribersEachMax) watched by one")
      }
      state.byOrder[orderID, default: []].append(subscriber)
      state.byWatcher[watcher, default: 0] += 1
      state.count += 1
      return nil
    }
    if let refused { throw failure(refused) }
    defer {
      state.withLock { state in
        guard let at = state.byOrder[orderID]?.firstIndex(where: { $0 === subscriber })
        else { return }
        state.byOrder[orderID]?.remove(at: at)
        if state.byOrder[orderID]?.isEmpty == true { state.byOrder[orderID] = nil }
        let left = state.byWatcher[watcher, default: 1] - 1
        state.byWatcher[watcher] = left > 0 ? left : nil
        state.count -= 1
      }
    }
    return try await body(OrderSubscription(subscriber: subscriber))
  }

  /// Hands on what has just become visible. Called after each commit, in order.
  package func publish(_ records: some Sequence<OrderRecord>) {
    // Outside the loop: with nobody watching, a commit costs one look under the lock.
    guard state.withLock({ !$0.byOrder.isEmpty }) else { return }
    for record in records {
      for subscriber in state.withLock({ $0.byOrder[record.row.orderID] ?? [] }) {
        subscriber.put(record)
      }
    }
  }

  /// Lets those go who wait for this order: it cannot be told of.
  func end(_ orderID: String, _ reason: ViewError) {
    for subscriber in state.withLock({ $0.byOrder[orderID] ?? [] }) { subscriber.end(reason) }
  }

  /// Lets every subscriber go.
  package func close() {
    let all = state.withLock { state in
      state.isClosed = true
      return state.byOrder.values.flatMap { $0 }
    }
    for subscriber in all { subscriber.end(.closed) }
  }
}

/// One reader's view of one order's changes.
package struct OrderSubscription: Sendable {
  fileprivate let subscriber: Subscriber

  /// The latest record since the last call; waits for one. Throws `.cancelled` or `.closed`. One
  /// caller at a time.
  package nonisolated(nonsending) func next() async throws(ViewError) -> OrderRecord {
    try await subscriber.next()
  }
}

private final class Subscriber: Sendable {
  private struct State {
    var latest: OrderRecord?
    var ended: ViewError?
    var waiter: UnsafeContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func put(_ record: OrderRecord) {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      state.latest = record
      return state.waiter.take()
    }
    waiter?.resume()
  }

  func end(_ reason: ViewError) {
    let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      if state.ended == nil { state.ended = reason }
      return state.waiter.take()
    }
    waiter?.resume()
  }

  nonisolated(nonsending) func next() async throws(ViewError) -> OrderRecord {
    while true {
      let found: Result<OrderRecord, ViewError>? = state.withLock { state in
        if let latest = state.latest.take() { return .success(latest) }
        return state.ended.map { .failure($0) }
      }
      if let found { return try found.get() }
      await withTaskCancellationHandler {
        await withUnsafeContinuation { (waiter: UnsafeContinuation<Void, Never>) in
          let atOnce = state.withLock { state in
            if state.latest != nil || state.ended != nil || state.waiter != nil { return true }
            state.waiter = waiter
            return false
          }
          if atOnce { waiter.resume() }
        }
      } onCancel: {
        end(.cancelled)
      }
    }
  }
}
