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

  /// Waits for the next ring, that of a timer of `pause` among them unless it is zero; nil when the
  /// task was cancelled. The timer ends with the wait, so that the next one can be shorter.
  func next(within pause: Duration) async -> (asked: Bool, timer: Bool)? {
    await withTaskGroup(of: Void.self) { group in
      if pause > .zero {
        group.addTask {
          guard (try? await Task.sleep(for: pause)) != nil else { return }
          self.ring(.timer)
        }
      }
      let rung = await self.next()
      group.cancelAll()
      return rung
    }
  }

  private func next() async -> (asked: Bool, timer: Bool)? {
    for await _ in wakes {
      return rung.withLock { rung in
        defer { rung = (false, false) }
        return rung
      }
    }
    return nil
  }
}
