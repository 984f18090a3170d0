import Synchronization

/// A `RollingHistogram` that threads share. The lock is held for a few additions.
package final class DurationMeter: Sendable {
  private struct State {
    var histogram: RollingHistogram
    var count: UInt64 = 0
  }

  private let state: Mutex<State>

  /// - Parameter window: whole seconds that the quantiles are of.
  package init(window: Int = 5) {
    state = Mutex(State(histogram: RollingHistogram(window: window)))
  }

  package func record(nanoseconds: Int64, at now: MonotonicInstant) {
    state.withLock { state in
      state.count &+= 1
      state.histogram.record(nanoseconds: nanoseconds, at: now)
    }
  }

  /// Recorded since it was made.
  package var count: UInt64 { state.withLock { $0.count } }

  /// nil when nothing was recorded in the window.
  package func quantiles(at now: MonotonicInstant) -> Quantiles? {
    state.withLock { $0.histogram.quantiles(at: now) }
  }
}
