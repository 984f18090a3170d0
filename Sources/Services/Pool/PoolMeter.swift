package import Resilience

/// What a pool has done up to a moment. The difference of two says what happened between them.
package struct PoolSample: Hashable, Sendable {
  package var at: MonotonicInstant
  /// Seconds of commands at work, and of commands waiting, since the pool was made.
  package var workSeconds: Double
  package var waitSeconds: Double
  package var arrived: UInt64
  package var completed: UInt64
  package var shed: UInt64
}

/// What happened to a pool within a span of time.
package struct PoolLoad: Hashable, Sendable {
  package var seconds: Double
  /// Means over the span, not what one look happened to find.
  package var inside: Double
  package var waiting: Double
  package var arrivalRate: Double
  package var completionRate: Double
  package var shedRate: Double

  /// nil when no time has passed.
  package init?(from earlier: PoolSample, to later: PoolSample) {
    let nanoseconds = later.at.nanoseconds(since: earlier.at)
    guard nanoseconds > 0 else { return nil }
    seconds = Double(nanoseconds) / 1e9
    inside = max(0, later.workSeconds - earlier.workSeconds) / seconds
    waiting = max(0, later.waitSeconds - earlier.waitSeconds) / seconds
    arrivalRate = Double(later.arrived &- earlier.arrived) / seconds
    completionRate = Double(later.completed &- earlier.completed) / seconds
    shedRate = Double(later.shed &- earlier.shed) / seconds
  }

  /// Commands at once that were wanted: at work, waiting, or shed. What was shed would have been at
  /// work for as long as the others were (Little's law).
  package var offered: Double {
    let secondsEach = completionRate > 0 ? inside / completionRate : 0
    return inside + waiting + shedRate * secondsEach
  }
}

/// Adds up what a pool does, from looks at it. Between two looks it is taken to have changed
/// steadily, so that the means are those over time as far as the looks are close.
struct PoolMeter: Sendable {
  private var last: PoolSample
  private var lastInside = 0
  private var lastWaiting = 0
  /// The latest looks, the first of them `window` ago.
  private var recent: [PoolSample] = []

  /// What the last seconds are.
  static let window = Duration.seconds(5)
  /// Looks kept of them at most.
  private static let recentMax = 256

  init(at now: MonotonicInstant) {
    last = PoolSample(
      at: now, workSeconds: 0, waitSeconds: 0, arrived: 0, completed: 0, shed: 0)
    recent = [last]
  }

  /// Takes a look into account, and answers with the sums up to it.
  mutating func look(
    inside: Int, waiting: Int, arrived: UInt64, completed: UInt64, shed: UInt64,
    at now: MonotonicInstant
  ) -> PoolSample {
    let seconds = Double(max(0, now.nanoseconds(since: last.at))) / 1e9
    last.at = max(last.at, now)
    last.workSeconds += Double(inside + lastInside) / 2 * seconds
    last.waitSeconds += Double(waiting + lastWaiting) / 2 * seconds
    (lastInside, lastWaiting) = (inside, waiting)
    (last.arrived, last.completed, last.shed) = (arrived, completed, shed)
    return last
  }

  /// The same, remembered for the means of the last seconds.
  mutating func remember(_ sample: PoolSample) {
    let horizon = sample.at.advanced(by: .zero - Self.window)
    // One at or before the horizon stays, for the difference over all of the window.
    while recent.count > 1, recent[1].at <= horizon { recent.removeFirst() }
    if recent.count >= Self.recentMax { recent.removeFirst() }
    recent.append(sample)
  }

  /// The last seconds up to `now`; nil before any time has passed.
  func lately(to now: PoolSample) -> PoolLoad? {
    recent.first.flatMap { PoolLoad(from: $0, to: now) }
  }
}
