import Synchronization

/// Lets one holder per key pass at a time, the others in the order they came. A free key costs one
/// uncontended lock and no suspension.
public final class KeyedGate: Sendable {
  private struct Waiter {
    let number: UInt64
    let continuation: UnsafeContinuation<Entry, Never>
  }
  private struct State {
    /// Present while the key is held; its waiters, first come first.
    var held: [String: [Waiter]] = [:]
    var nextNumber: UInt64 = 0
  }

  /// How an attempt to enter ended.
  public enum Entry: Sendable {
    case entered
    /// The queue of this key is full.
    case full
    case cancelled
  }

  private let state = Mutex(State())
  /// The most that may wait for one key.
  public let waitersPerKeyMax: Int

  public init(waitersPerKeyMax: Int) { self.waitersPerKeyMax = waitersPerKeyMax }

  /// Waits for its turn. Whoever is told `.entered` must call `leave`, whatever happens.
  public nonisolated(nonsending) func enter(_ key: String) async -> Entry {
    enterIfFree(key) ? .entered : await wait(for: key)
  }

  /// Does not wait. Whoever is told true must call `leave`, whatever happens.
  public func enterIfFree(_ key: String) -> Bool {
    state.withLock { state in
      guard state.held[key] == nil else { return false }
      state.held[key] = []
      return true
    }
  }

  /// Hands the key to the one who waits longest, or frees it.
  public func leave(_ key: String) {
    let next = state.withLock { state -> Waiter? in
      guard let waiters = state.held[key], !waiters.isEmpty else {
        state.held.removeValue(forKey: key)
        return nil
      }
      return state.held[key]?.removeFirst()
    }
    next?.continuation.resume(returning: .entered)
  }

  /// How many keys are held now.
  public var heldCount: Int { state.withLock { $0.held.count } }
  /// How many wait for a key now.
  var waitingCount: Int { state.withLock { $0.held.values.reduce(0) { $0 + $1.count } } }

  private nonisolated(nonsending) func wait(for key: String) async -> Entry {
    let number = state.withLock { state in
      state.nextNumber &+= 1
      return state.nextNumber
    }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Entry, Never>) in
        let atOnce: Entry? = state.withLock { state -> Entry? in
          guard !Task.isCancelled else { return .cancelled }
          guard let waiting = state.held[key] else {
            state.held[key] = []
            return .entered
          }
          guard waiting.count < waitersPerKeyMax else { return .full }
          state.held[key]?.append(Waiter(number: number, continuation: continuation))
          return nil
        }
        if let atOnce { continuation.resume(returning: atOnce) }
      }
    } onCancel: {
      // A waiter that has been let in already is no longer in the queue and stays let in.
      let cancelled = state.withLock { state -> Waiter? in
        guard let at = state.held[key]?.firstIndex(where: { $0.number == number }) else {
          return nil
        }
        return state.held[key]?.remove(at: at)
      }
      cancelled?.continuation.resume(returning: .cancelled)
    }
  }
}
