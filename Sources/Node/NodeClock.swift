import Domain
import Glibc
import Journal
import Resilience
import Services

/// The machine's clocks, as the parts of a node want them.
package enum NodeClock {
  package static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
  }

  /// Goes only forward, and does not stop when the process does.
  static func monotonic() -> Resilience.MonotonicInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Resilience.MonotonicInstant(
      nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  static let journal = JournalClock(
    now: { WallTime(milliseconds: milliseconds()) }, sleep: { try await Task.sleep(for: $0) })

  static func environment(_ policy: DeadlinePolicy) -> ServiceEnvironment {
    ServiceEnvironment(now: { Timestamp(ms: milliseconds()) }, deadlines: policy)
  }

  /// The identity of a journal made now.
  static func newEpoch() -> JournalEpoch {
    var generator = SystemRandomNumberGenerator()
    return JournalEpoch(String(generator.next(), radix: 36) + String(generator.next(), radix: 36))
  }
}
