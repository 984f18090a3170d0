import Synchronization

/// What has become of each piece of background work, for operators.
final class WorkRegister: Sendable {
  /// One of them.
  struct Entry: Sendable, Hashable {
    let name: String
    var isRunning = false
    /// How often it has been begun anew since the node started.
    var restarts = 0
    /// How often of these because it did not get on.
    var stalls = 0
    /// Why it was begun anew last, or is never begun; empty when neither is so.
    var lastReason = ""
  }

  private struct State {
    var entries: [Entry] = []
    var leftBehind = 0
  }

  private let state = Mutex(State())

  /// In the order in which they were first told of.
  var entries: [Entry] { state.withLock { $0.entries } }

  /// Whether a task may be left that will not end, so that waiting for it would be for ever.
  var mayHang: Bool { state.withLock { $0.leftBehind > 0 } }

  func begun(_ name: String) {
    change(name) { $0.isRunning = true }
  }

  /// It is never begun here: something is missing that it needs.
  func miss(_ name: String, reason: String) {
    change(name) { $0.lastReason = reason }
  }

  func ended(_ name: String, reason: String, isStalled: Bool) {
    change(name) { entry in
      entry.isRunning = false
      entry.restarts += 1
      entry.stalls += isStalled ? 1 : 0
      entry.lastReason = reason
    }
  }

  func giveUp(_ name: String) {
    change(name) { $0.isRunning = false }
  }

  /// One more that was cancelled and does not end, or one less; returns how many there are.
  @discardableResult
  func leftBehind(_ change: Int) -> Int {
    state.withLock { state in
      state.leftBehind += change
      return state.leftBehind
    }
  }

  private func change(_ name: String, _ body: (inout Entry) -> Void) {
    state.withLock { state in
      let at = state.entries.firstIndex { $0.name == name }
      if at == nil { state.entries.append(Entry(name: name)) }
      body(&state.entries[at ?? state.entries.count - 1])
    }
  }
}
