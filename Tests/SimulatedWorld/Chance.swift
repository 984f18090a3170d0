import Resilience

/// A stream of decisions that follows from a seed and a purpose, so that more decisions of one kind
/// do not change those of another.
package final class Chance: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  private var random: SplitMix64

  init(seed: UInt64, _ purpose: String) {
    var hash = seed &* 0x9e37_79b9_7f4a_7c15 ^ 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    random = SplitMix64(seed: hash)
  }

  func next() -> UInt64 { random.next() }

  /// True in so many of 1000 cases.
  func perMille(_ share: Int) -> Bool { share > 0 && Int(random.next() % 1000) < share }

  func number(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(random.next() % UInt64(range.count))
  }

  func duration(_ range: ClosedRange<Duration>) -> Duration {
    let (low, high) = (range.lowerBound.nanoseconds, range.upperBound.nanoseconds)
    return .nanoseconds(low + Int64(random.next() % UInt64(high - low + 1)))
  }

  func pick<Value>(_ values: [Value]) -> Value { values[number(0...values.count - 1)] }
}
