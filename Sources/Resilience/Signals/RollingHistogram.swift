/// How durations were spread over the last seconds, in memory that does not grow.
///
/// Log-linear buckets, as in HdrHistogram: each power of two of microseconds is cut into sixteen.
/// Up to 31 µs every microsecond has its own; beyond, a quantile is within 1/32 (3.2 %) of a value
/// that was recorded. What is longer than `longest` counts as that.
///
/// The clock is handed in, and so is the lock: a value, for whoever has one already.
package struct RollingHistogram: Sendable, Hashable {
  private var slots: SecondSlots
  /// Each slot's buckets, one slot after the other.
  private var counts: [UInt32]

  /// About eighteen minutes.
  package static let longest = Duration.microseconds((1 << exponentMax) - 1)
  private static let linear = 32
  private static let parts = 16
  private static let exponentMin = 5
  private static let exponentMax = 30
  private static let buckets = linear + (exponentMax - exponentMin) * parts

  /// - Parameter window: whole seconds that count, beside the one that is running.
  package init(window: Int = 5) {
    slots = SecondSlots(window: window)
    counts = Array(repeating: 0, count: slots.count * Self.buckets)
  }

  /// Negative durations count as none.
  package mutating func record(_ duration: Duration, at now: MonotonicInstant) {
    record(nanoseconds: duration.wholeNanoseconds, at: now)
  }

  package mutating func record(nanoseconds: Int64, at now: MonotonicInstant) {
    guard let (slot, isNew) = slots.use(at: now) else { return }
    let first = slot * Self.buckets
    if isNew {
      for index in first..<first + Self.buckets { counts[index] = 0 }
    }
    let index = first + Self.bucket(UInt64(max(0, nanoseconds)) / 1000)
    counts[index] = counts[index] == .max ? .max : counts[index] + 1
  }

  /// p50, p95 and p99; nil when nothing was recorded in the window.
  package func quantiles(at now: MonotonicInstant) -> Quantiles? {
    var sums = Array(repeating: UInt64(0), count: Self.buckets)
    for slot in slots.live(at: now) {
      for bucket in sums.indices { sums[bucket] += UInt64(counts[slot * Self.buckets + bucket]) }
    }
    let total = sums.reduce(0, +)
    guard total > 0 else { return nil }
    func quantile(_ percent: UInt64) -> Duration {
      // The smallest value that so many of 100 do not exceed.
      let rank = max(1, (total * percent + 99) / 100)
      var seen: UInt64 = 0
      for (bucket, count) in sums.enumerated() {
        seen += count
        if seen >= rank { return .microseconds(Int64(Self.middle(bucket))) }
      }
      return Self.longest
    }
    return Quantiles(count: total, p50: quantile(50), p95: quantile(95), p99: quantile(99))
  }

  private static func bucket(_ microseconds: UInt64) -> Int {
    let value = min(microseconds, (1 << UInt64(exponentMax)) - 1)
    guard value >= UInt64(linear) else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let part = Int(value >> UInt64(exponent - 4)) & (parts - 1)
    return linear + (exponent - exponentMin) * parts + part
  }

  /// Microseconds in the middle of a bucket.
  private static func middle(_ bucket: Int) -> UInt64 {
    guard bucket >= linear else { return UInt64(bucket) }
    let (octave, part) = (bucket - linear).quotientAndRemainder(dividingBy: parts)
    let width = UInt64(1) << UInt64(octave + exponentMin - 4)
    return UInt64(parts + part) * width + width / 2
  }
}

/// Of the durations of the last seconds.
package struct Quantiles: Sendable, Hashable {
  /// How many there were.
  package let count: UInt64
  package let p50: Duration
  package let p95: Duration
  package let p99: Duration
}
