import Synchronization

/// Which ordering keys of one subscriber are parked. The rows stand in the destination; this is
/// what the followers ask for each event.
final class ParkingLot: Sendable {
  private struct Key {
    /// Rows of this key on their way into the destination.
    var arriving = 0
    /// Rows that were ever on their way: shows whether one came while nobody looked.
    var arrivals = 0
    var isReplaying = false
  }
  private let keys = Mutex<[String: Key]>([:])

  var count: Int { keys.withLock { $0.count } }

  /// The key has rows in the destination.
  func add(_ key: String) { keys.withLock { $0[key, default: Key()].arriving += 0 } }

  func isParked(_ key: String) -> Bool { keys.withLock { $0[key] != nil } }

  /// Whether the next event of this key must be parked behind others; then `arrived` must follow.
  func beginArriving(_ key: String) -> Bool {
    keys.withLock { keys in
      guard keys[key] != nil else { return false }
      keys[key]?.arriving += 1
      keys[key]?.arrivals += 1
      return true
    }
  }

  /// Parks the key for an event that could not be handled; `arrived` must follow.
  func beginParking(_ key: String) {
    keys.withLock {
      $0[key, default: Key()].arriving += 1
      $0[key]?.arrivals += 1
    }
  }

  /// The row stands in the destination, or will never.
  func arrived(_ key: String) {
    keys.withLock { keys in
      if let arriving = keys[key]?.arriving { keys[key]?.arriving = max(0, arriving - 1) }
    }
  }

  /// False when the key is not parked, or somebody replays it already.
  func beginReplay(_ key: String) -> Bool {
    keys.withLock { keys in
      guard let entry = keys[key], !entry.isReplaying else { return false }
      keys[key]?.isReplaying = true
      return true
    }
  }

  /// Ends a replay that has left rows.
  func endReplay(_ key: String) { keys.withLock { $0[key]?.isReplaying = false } }

  /// Rows of the key that have ever been on their way, to be asked before its rows are looked for.
  func arrivals(of key: String) -> Int { keys.withLock { $0[key]?.arrivals ?? 0 } }

  /// Lets the key go when no row is on its way and none has come since there were `arrivals`; false
  /// otherwise, and rows must be looked for again.
  func release(_ key: String, after arrivals: Int) -> Bool {
    keys.withLock { keys in
      guard let entry = keys[key] else { return true }
      guard entry.arriving == 0, entry.arrivals == arrivals else { return false }
      keys.removeValue(forKey: key)
      return true
    }
  }
}
