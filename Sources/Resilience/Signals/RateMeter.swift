/// How often something happened over the last seconds, in memory that does not grow. The clock is
/// handed in.
package struct RateMeter: Sendable, Hashable {
  private var slots: SecondSlots
  private var counts: [UInt64]
  private let window: Int
  private let madeAt: MonotonicInstant

  /// - Parameter window: whole seconds that count, beside the one that is running.
  package init(window: Int = 5, at now: MonotonicInstant) {
    slots = SecondSlots(window: window)
    counts = Array(repeating: 0, count: slots.count)
    self.window = max(1, window)
    madeAt = now
  }

  package mutating func add(_ count: UInt64 = 1, at now: MonotonicInstant) {
    guard let (slot, isNew) = slots.use(at: now) else { return }
    counts[slot] = (isNew ? 0 : counts[slot]) &+ count
  }

  /// Within the window.
  package func count(at now: MonotonicInstant) -> UInt64 {
    slots.live(at: now).reduce(0) { $0 &+ counts[$1] }
  }

  /// A second, over the window or as long as it has been there; nil before one second has passed.
  package func rate(at now: MonotonicInstant) -> Double? {
    let age = Double(now.nanoseconds(since: madeAt)) / 1e9
    guard age >= 1 else { return nil }
    let running = Double(now.nanoseconds % 1_000_000_000) / 1e9
    return Double(count(at: now)) / min(age, Double(window) + running)
  }
}
