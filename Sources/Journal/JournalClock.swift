/// Time as the journal's runtimes see it, handed in so that tests and simulations decide it.
public struct JournalClock: Sendable {
  /// The wall clock.
  public var now: @Sendable () -> WallTime
  /// Returns after at least this long; throws when the task is cancelled.
  public var sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> WallTime,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }
}

/// How long to wait between attempts: doubling from `first` up to `longest`.
public struct BackOff: Sendable, Equatable {
  public var first: Duration
  public var longest: Duration

  public init(first: Duration = .milliseconds(20), longest: Duration = .seconds(5)) {
    self.first = first
    self.longest = longest
  }

  /// The wait after the attempt with this number, counted from 1.
  public func delay(after attempt: Int) -> Duration {
    let doublings = min(max(0, attempt - 1), 30)
    return min(longest, first * (1 << doublings))
  }
}
