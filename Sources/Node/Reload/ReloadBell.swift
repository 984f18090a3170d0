import Synchronization

/// Wakes the one who reloads. What rings while it works is told at its next turn, once.
final class ReloadBell: Sendable {
  enum Sound {
    /// Somebody asked.
    case asked
    /// It is time to look.
    case timer
  }

  private let rung = Mutex((asked: false, timer: false))
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  init() {
    (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  func ring(_ sound: Sound) {
    rung.withLock { rung in
      switch sound {
      case .asked: rung.asked = true
      case .timer: rung.timer = true
      }
    }
    wake.yield()
  }

  /// Waits for the next ring; nil when the task was cancelled.
  func next() async -> (asked: Bool, timer: Bool)? {
    for await _ in wakes {
      return rung.withLock { rung in
        defer { rung = (false, false) }
        return rung
      }
    }
    return nil
  }
}
