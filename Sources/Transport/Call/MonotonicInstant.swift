import Glibc

/// A moment of a clock that only goes forward, in nanoseconds since some origin.
/// Comparable within one process only; it never travels.
public struct MonotonicInstant: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Later than any moment a clock gives.
  public static let distantFuture = MonotonicInstant(nanoseconds: .max)

  /// The machine's monotonic clock, now.
  public static func now() -> MonotonicInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicInstant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  @inlinable
  public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// That much later; stops at `distantFuture` instead of overflowing.
  public func advanced(by duration: Duration) -> MonotonicInstant {
    advanced(byNanoseconds: duration.wholeNanoseconds)
  }

  /// That much later; stops at `distantFuture` instead of overflowing.
  @inlinable
  public func advanced(byNanoseconds amount: Int64) -> MonotonicInstant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(amount)
    return MonotonicInstant(nanoseconds: overflow ? (amount < 0 ? .min : .max) : sum)
  }

  /// Nanoseconds from `self` to `later`; negative if that is already past.
  @inlinable
  public func nanoseconds(until later: MonotonicInstant) -> Int64 {
    let (difference, overflow) = later.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return overflow ? (later.nanoseconds < nanoseconds ? .min : .max) : difference
  }
}

extension Duration {
  /// The duration in nanoseconds, cut off at what 64 bits hold.
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflowed ? (seconds < 0 ? .min : .max) : sum
  }
}

/// The time this layer lives by: handed in, so that a test or a simulation owns it.
public struct TransportClock: Sendable {
  /// The moment now.
  public let now: @Sendable () -> MonotonicInstant
  /// Returns at or after that moment, or throws `CancellationError` before it.
  public let sleep: @Sendable (_ until: MonotonicInstant) async throws -> Void

  public init(
    now: @escaping @Sendable () -> MonotonicInstant,
    sleep: @escaping @Sendable (_ until: MonotonicInstant) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  /// The machine's monotonic clock.
  public static let system = TransportClock(
    now: { MonotonicInstant.now() },
    sleep: { until in
      let left = MonotonicInstant.now().nanoseconds(until: until)
      if left > 0 { try await Task.sleep(for: .nanoseconds(left)) }
    })
}
