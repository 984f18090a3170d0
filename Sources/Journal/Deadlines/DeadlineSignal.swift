import Synchronization

/// Wakes whoever sleeps until the next deadline when an earlier one is set. Cheap when nobody
/// watches.
public final class DeadlineSignal: Sendable {
  /// One watcher's view: the earliest deadline set since it last looked.
  public struct Watch: Hashable, Sendable {
    fileprivate let number: Int
  }

  private struct Entry {
    var earliest: WallTime?
    var threshold: WallTime?
    var waiter: UnsafeContinuation<Bool, Never>?
  }
  private struct State {
    var entries: [Int: Entry] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  public init() {}

  /// Starts watching; `unwatch` ends it.
  public func watch() -> Watch {
    state.withLock { state in
      state.next &+= 1
      state.entries[state.next] = Entry()
      return Watch(number: state.next)
    }
  }

  /// Ends watching; a waiter is let go as cancelled.
  public func unwatch(_ watch: Watch) {
    state.withLock { $0.entries.removeValue(forKey: watch.number) }?.waiter?.resume(
      returning: false)
  }

  /// Forgets what was seen so far. Call it before reading the next deadline: whatever is set after
  /// that read is then seen by `wait`.
  public func reset(_ watch: Watch) {
    state.withLock { $0.entries[watch.number]?.earliest = nil }
  }

  /// Returns once a deadline earlier than `time` (any, when nil) has been set since `reset`.
  /// Throws `.cancelled` when the task is cancelled or the watch ended.
  public nonisolated(nonsending) func wait(
    _ watch: Watch, earlierThan time: WallTime?
  ) async throws(JournalError) {
    let woken = await withTaskCancellationHandler {
      await withUnsafeContinuation { (waiter: UnsafeContinuation<Bool, Never>) in
        let atOnce: Bool? = state.withLock { state -> Bool? in
          guard !Task.isCancelled, var entry = state.entries[watch.number], entry.waiter == nil
          else { return false }
          if let earliest = entry.earliest, earliest < time ?? WallTime(milliseconds: .max) {
            return true
          }
          entry.threshold = time
          entry.waiter = waiter
          state.entries[watch.number] = entry
          return nil
        }
        if let atOnce { waiter.resume(returning: atOnce) }
      }
    } onCancel: {
      take(watch)?.resume(returning: false)
    }
    guard woken else { throw .cancelled }
  }

  /// Lets the watcher look again, as if an earlier deadline had been set.
  public func poke(_ watch: Watch) {
    let waiter = state.withLock { state in
      state.entries[watch.number]?.earliest = WallTime(milliseconds: .min)
      defer { state.entries[watch.number]?.waiter = nil }
      return state.entries[watch.number]?.waiter
    }
    waiter?.resume(returning: true)
  }

  /// Called by the adapter after a commit with the earliest deadline that commit set.
  public func deadlineSet(_ time: WallTime) {
    let woken = state.withLock { state -> [UnsafeContinuation<Bool, Never>] in
      guard !state.entries.isEmpty else { return [] }
      var woken: [UnsafeContinuation<Bool, Never>] = []
      // In the order of watching, so that whoever decides the order of tasks decides all of it.
      for number in state.entries.keys.sorted() {
        guard var entry = state.entries[number] else { continue }
        entry.earliest = min(entry.earliest ?? time, time)
        if let waiter = entry.waiter, time < entry.threshold ?? WallTime(milliseconds: .max) {
          woken.append(waiter)
          entry.waiter = nil
        }
        state.entries[number] = entry
      }
      return woken
    }
    for waiter in woken { waiter.resume(returning: true) }
  }

  private func take(_ watch: Watch) -> UnsafeContinuation<Bool, Never>? {
    state.withLock { state in
      let waiter = state.entries[watch.number]?.waiter
      state.entries[watch.number]?.waiter = nil
      return waiter
    }
  }
}
