/// A moment on the wall clock, in milliseconds since 1970-01-01 UTC. Arithmetic saturates.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01 UTC.
  public let ms: Int64

  /// Later than every other moment: what a deadline that never fires is set to.
  public static let distantFuture = Timestamp(ms: .max)

  public init(ms: Int64) { self.ms = ms }

  /// The moment `duration` later (earlier when negative), clamped to what can be represented.
  public func advanced(by duration: Duration) -> Timestamp {
    let (sum, overflow) = ms.addingReportingOverflow(duration.wholeMs)
    if overflow { return Timestamp(ms: duration.wholeMs < 0 ? .min : .max) }
    return Timestamp(ms: sum)
  }

  /// Milliseconds from `earlier` to this moment, clamped to what can be represented.
  public func ms(since earlier: Timestamp) -> Int64 {
    let (difference, overflow) = ms.subtractingReportingOverflow(earlier.ms)
    if overflow { return ms < earlier.ms ? .min : .max }
    return difference
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.ms < right.ms }
  public var description: String { "\(ms) ms" }
}

extension Duration {
  /// The duration in whole milliseconds, rounded towards zero and clamped.
  public var wholeMs: Int64 {
    let (seconds, attoseconds) = components
    let (ms, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let (total, overflow2) = ms.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    if overflow || overflow2 { return seconds < 0 ? .min : .max }
    return total
  }
}
