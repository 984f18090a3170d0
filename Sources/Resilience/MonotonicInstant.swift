// Public, as all that `CircuitBreaker.run` is made of: only what is public is specialised where it is
// called from another module.

/// A moment on a clock that only goes forward, such as CLOCK_MONOTONIC. It is handed in, so that
/// tests, simulations and replays decide it, and no jump of the wall clock is ever seen.
/// Arithmetic saturates.
public struct MonotonicInstant: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Nanoseconds since a beginning that the clock chose.
  public let nanoseconds: Int64

  /// Later than every other moment.
  package static let distantFuture = MonotonicInstant(nanoseconds: .max)

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The moment so many milliseconds after the clock's beginning.
  package init(ms: Int64) {
    let (product, overflow) = ms.multipliedReportingOverflow(by: 1_000_000)
    self.init(nanoseconds: overflow ? (ms < 0 ? .min : .max) : product)
  }

  /// The moment so many nanoseconds later (earlier when negative).
  package func advanced(byNanoseconds step: Int64) -> MonotonicInstant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
    return MonotonicInstant(nanoseconds: overflow ? (step < 0 ? .min : .max) : sum)
  }

  /// The moment `duration` later (earlier when negative).
  package func advanced(by duration: Duration) -> MonotonicInstant {
    advanced(byNanoseconds: duration.wholeNanoseconds)
  }

  /// Nanoseconds from `earlier` to this moment; negative if it is in fact later.
  package func nanoseconds(since earlier: MonotonicInstant) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return overflow ? (nanoseconds < earlier.nanoseconds ? .min : .max) : difference
  }

  public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  public var description: String { "\(nanoseconds) ns" }
}

extension Duration {
  /// The duration in whole nanoseconds, rounded towards zero and clamped.
  package var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (total, overflow2) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || overflow2 ? (seconds < 0 ? .min : .max) : total
  }
}
