import Journal
import Synchronization

/// Which replica each slot of a pool's keys belongs to.
///
/// A slot moves only while nothing of it is under way: at once when it is idle, else when the last
/// of its commands has ended. So what comes for an aggregate is taken by one replica, in the order
/// in which it came, until nothing is left of it, and nobody waits for a slot that moves. One that
/// is never idle stays where it is, which does no harm: places are the pool's, not the replica's.
final class PoolSlots: Sendable {
  /// Fixed, so that growing moves slots and never rehashes keys.
  static var count: Int { 256 }
  /// Replicas are numbered in a byte.
  static var replicasMax: Int { 256 }

  /// A slot that was entered, and the replica it belongs to.
  struct Place {
    let slot: Int
    let replica: Int
  }

  /// Each is one word, so that it changes as a whole: the owner in the highest byte, then who is to
  /// own it, then how much of it is under way.
  private let words: InlineArray<256, Atomic<UInt64>>

  init(replicas: Int) {
    words = InlineArray { slot in
      Atomic(Self.word(owner: Self.owner(of: slot, among: replicas), underWay: 0))
    }
  }

  /// The replica that `slot` belongs to; each has as many slots as every other, give or take one.
  static func owner(of slot: Int, among replicas: Int) -> Int {
    slot * min(max(replicas, 1), replicasMax) / count
  }

  /// Goes in with a key. Every `enter` needs one `leave`.
  @inline(__always)
  func enter(_ key: String) -> Place {
    let slot = Int(truncatingIfNeeded: KeyHash.of(key)) & (Self.count - 1)
    let word = words[slot].wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
    return Place(slot: slot, replica: Int(word >> 56))
  }

  @inline(__always)
  func leave(_ place: Place) {
    let word = words[place.slot].wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    // Idle, and to belong to another: it moves, unless somebody has just come.
    if word & Self.underWayMask == 0, word >> 56 != (word >> 48) & 0xff { move(place.slot, word) }
  }

  /// The replica that owns `key` now, for work that may outlast a move.
  func replica(for key: String) -> Int {
    let slot = Int(truncatingIfNeeded: KeyHash.of(key)) & (Self.count - 1)
    return Int(words[slot].load(ordering: .acquiring) >> 56)
  }

  /// Spreads the slots over so many replicas.
  func spread(over replicas: Int) {
    for slot in 0..<Self.count {
      let wanted = UInt64(Self.owner(of: slot, among: replicas))
      var word = words[slot].load(ordering: .acquiring)
      while true {
        var next = word & ~(0xff << 48) | wanted << 48
        if word & Self.underWayMask == 0 { next = next & ~(0xff << 56) | wanted << 56 }
        let (done, seen) = words[slot].compareExchange(
          expected: word, desired: next, ordering: .acquiringAndReleasing)
        if done { break }
        word = seen
      }
    }
  }

  /// Slots that still belong to another replica than they are to.
  var moving: Int {
    var moving = 0
    for slot in 0..<Self.count {
      let word = words[slot].load(ordering: .acquiring)
      if word >> 56 != (word >> 48) & 0xff { moving += 1 }
    }
    return moving
  }

  private func move(_ slot: Int, _ word: UInt64) {
    let wanted = (word >> 48) & 0xff
    // Whoever came meanwhile moves it when leaving.
    _ = words[slot].compareExchange(
      expected: word, desired: word & ~(0xff << 56) | wanted << 56,
      ordering: .acquiringAndReleasing)
  }

  private static let underWayMask: UInt64 = (1 << 48) - 1

  private static func word(owner: Int, underWay: UInt64) -> UInt64 {
    UInt64(owner) << 56 | UInt64(owner) << 48 | underWay
  }
}
