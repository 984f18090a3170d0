/// The events of one partition that have been taken up, and up to where all are dealt with.
struct DeliveryWindow: Sendable {
  private struct Entry {
    var recordedAt: WallTime
    var isDone: Bool
  }

  /// Everything up to here is dealt with: the cursor.
  private(set) var lowWater: Position
  private var entries: [Entry] = []
  private var first = 0

  init(after position: Position) { lowWater = position }

  /// Events taken up beyond the low-water mark.
  var count: Int { entries.count - first }
  /// The last position taken up.
  var last: Position { Position(lowWater.value &+ Int64(count)) }
  /// When the oldest event not dealt with was recorded.
  var oldest: WallTime? { first < entries.count ? entries[first].recordedAt : nil }

  /// Takes up the event after `last`.
  mutating func take(recordedAt: WallTime) {
    entries.append(Entry(recordedAt: recordedAt, isDone: false))
  }

  /// The event at `position` is dealt with.
  mutating func finish(_ position: Position) {
    let at = first + Int(position.value &- lowWater.value) - 1
    guard entries.indices.contains(at), at >= first else { return }
    entries[at].isDone = true
    while first < entries.count, entries[first].isDone {
      first += 1
      lowWater = lowWater.next
    }
    if first > 256, first * 2 > entries.count {
      entries.removeFirst(first)
      first = 0
    }
  }
}
