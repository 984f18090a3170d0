import Synchronization

/// Tells that a store has begun anew, without what it had: to those who project into it, and to
/// whoever logs.
public final class StoreRestarts: Sendable {
  private struct State {
    var count = 0
    var next = 0
    /// In the order of listening, so that whoever decides the order of tasks decides all of it.
    var listeners: [(number: Int, feed: AsyncStream<Void>.Continuation)] = []
  }

  private let state = Mutex(State())
  private let log: @Sendable (_ reason: String) -> Void

  /// - Parameter log: told why; must not block.
  public init(log: @escaping @Sendable (_ reason: String) -> Void = { _ in }) { self.log = log }

  /// Has everybody who listens read the store's cursors again.
  public func tell(_ reason: String) {
    log(reason)
    let listeners = state.withLock { state in
      state.count += 1
      return state.listeners
    }
    for listener in listeners { listener.feed.yield() }
  }

  /// How often the store has begun anew.
  public var count: Int { state.withLock { $0.count } }

  /// An element for a restart from now on; several at once are one.
  public func listen() -> AsyncStream<Void> {
    let (restarts, feed) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.next += 1
      state.listeners.append((number: state.next, feed: feed))
      return state.next
    }
    feed.onTermination = { [weak self] _ in self?.forget(number) }
    return restarts
  }

  private func forget(_ number: Int) {
    state.withLock { state in state.listeners.removeAll { $0.number == number } }
  }
}
