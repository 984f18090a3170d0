import Synchronization

/// Remembers something about what came up lately, within a bound: when it is full, the older half
/// is forgotten.
final class Recent<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct State {
    var young: [Key: Value] = [:]
    var old: [Key: Value] = [:]
  }

  private let halfMax: Int
  private let state = Mutex(State())

  /// - Parameter countMax: the most that is remembered.
  init(countMax: Int) { halfMax = max(1, countMax / 2) }

  /// What is remembered about it.
  subscript(key: Key) -> Value? {
    state.withLock { $0.young[key] ?? $0.old[key] }
  }

  /// Changes what is remembered about it, and answers that.
  @discardableResult
  func update(_ key: Key, _ change: @Sendable (Value?) -> Value) -> Value {
    state.withLock { state in
      let value = change(state.young[key] ?? state.old[key])
      if state.young[key] == nil, state.young.count >= halfMax {
        state.old = state.young
        state.young = [:]
      }
      state.young[key] = value
      return value
    }
  }

  func forget(_ key: Key) {
    state.withLock { state in
      state.young[key] = nil
      state.old[key] = nil
    }
  }
}
