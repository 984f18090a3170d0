/// Calls counted together.
package struct CallTally: Hashable, Sendable {
  package var calls = 0
  package var failures = 0
  /// Slow ones, failed or not.
  package var slow = 0

  package init(calls: Int = 0, failures: Int = 0, slow: Int = 0) {
    self.calls = calls
    self.failures = failures
    self.slow = slow
  }

  /// Failures among the calls, 0 ... 1; 0 without calls.
  package var failureRate: Double { calls == 0 ? 0 : Double(failures) / Double(calls) }
  /// Slow calls among the calls, 0 ... 1; 0 without calls.
  package var slowRate: Double { calls == 0 ? 0 : Double(slow) / Double(calls) }

  mutating func add(isFailure: Bool, isSlow: Bool) {
    calls &+= 1
    failures &+= isFailure ? 1 : 0
    slow &+= isSlow ? 1 : 0
  }

  mutating func subtract(_ other: CallTally) {
    calls &-= other.calls
    failures &-= other.failures
    slow &-= other.slow
  }
}

/// The outcomes that a breaker in closed state judges by. Its memory is taken once, when it is
/// made; adding a call allocates nothing and takes the same time however long the window is.
struct SlidingWindow: Sendable {
  private(set) var tally = CallTally()
  private let shape: BreakerPolicy.Window
  // One of the two stays empty. Two properties, since an array inside an enum is copied when it
  // is changed.
  private var calls: RecentCalls
  private var buckets: RecentBuckets

  init(_ shape: BreakerPolicy.Window) {
    self.shape = shape
    switch shape {
    case .count(let calls):
      self.calls = RecentCalls(capacity: max(1, calls))
      buckets = RecentBuckets(lengthNanoseconds: 1, count: 0)
    case .time(let length, let count):
      calls = RecentCalls(capacity: 0)
      buckets = RecentBuckets(lengthNanoseconds: length.wholeNanoseconds, count: max(1, count))
    }
  }

  mutating func add(isFailure: Bool, isSlow: Bool, at now: MonotonicInstant) {
    if calls.isInUse {
      calls.add(isFailure: isFailure, isSlow: isSlow, to: &tally)
    } else {
      buckets.add(isFailure: isFailure, isSlow: isSlow, at: now, to: &tally)
    }
  }

  /// Forgets what has become too old.
  mutating func advance(to now: MonotonicInstant) {
    if !calls.isInUse { buckets.advance(to: now, &tally) }
  }

  mutating func removeAll() { self = SlidingWindow(shape) }
}

/// A ring of the last calls: bit 0 failed, bit 1 slow, bit 2 in use.
private struct RecentCalls: Sendable {
  private var ring: [UInt8]
  private var next = 0

  init(capacity: Int) { ring = Array(repeating: 0, count: capacity) }

  var isInUse: Bool { !ring.isEmpty }

  mutating func add(isFailure: Bool, isSlow: Bool, to tally: inout CallTally) {
    let old = ring[next]
    if old != 0 {
      tally.subtract(
        CallTally(calls: 1, failures: Int(old & 1), slow: Int(old >> 1 & 1)))
    }
    ring[next] = 4 | (isFailure ? 1 : 0) | (isSlow ? 2 : 0)
    tally.add(isFailure: isFailure, isSlow: isSlow)
    next += 1
    if next == ring.count { next = 0 }
  }
}

/// A ring of counts, one for each stretch of time.
private struct RecentBuckets: Sendable {
  private let widthNanoseconds: Int64
  private var ring: [CallTally]
  private var newest = 0
  /// The first instant after the newest bucket; nil before the first call.
  private var ends: MonotonicInstant?

  init(lengthNanoseconds: Int64, count: Int) {
    widthNanoseconds = max(1, lengthNanoseconds / Int64(max(1, count)))
    ring = Array(repeating: CallTally(), count: count)
  }

  mutating func add(
    isFailure: Bool, isSlow: Bool, at now: MonotonicInstant, to tally: inout CallTally
  ) {
    if ends == nil { ends = now.advanced(byNanoseconds: widthNanoseconds) }
    advance(to: now, &tally)
    ring[newest].add(isFailure: isFailure, isSlow: isSlow)
    tally.add(isFailure: isFailure, isSlow: isSlow)
  }

  mutating func advance(to now: MonotonicInstant, _ tally: inout CallTally) {
    guard let ends, now >= ends else { return }
    let steps = now.nanoseconds(since: ends) / widthNanoseconds &+ 1
    // After a whole turn of the ring everything is too old, however long the pause was.
    for _ in 0..<Int(min(steps, Int64(ring.count))) {
      newest = newest + 1 == ring.count ? 0 : newest + 1
      tally.subtract(ring[newest])
      ring[newest] = CallTally()
    }
    let (span, overflow) = steps.multipliedReportingOverflow(by: widthNanoseconds)
    self.ends = overflow ? .distantFuture : ends.advanced(byNanoseconds: span)
  }
}
