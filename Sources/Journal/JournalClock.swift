/// Time as the journal's runtimes see it, handed in so that tests and simulations decide it.
package struct JournalClock: Sendable {
  /// The wall clock.
  package var now: @Sendable () -> WallTime
  /// Returns after at least this long; throws when the task is cancelled.
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(
    now: @escaping @Sendable () -> WallTime,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }
}

/// How long to wait between attempts: doubling from `first` up to `longest`.
package struct BackOff: Sendable, Equatable {
  package var first: Duration
  package var longest: Duration

  package init(first: Duration = .milliseconds(20), longest: Duration = .seconds(5)) {
    self.first = first
    self.longest = longest
  }

  /// The wait after the attempt with this number, counted from 1.
  package func delay(after attempt: Int) -> Duration {
    let doublings = min(max(0, attempt - 1), 30)
    return min(longest, first * (1 << doublings))
  }
}
