/// Which of a few slots the running second has, and which of them still count. What slides over the
/// last seconds is kept in one slot for each, used over and over.
struct SecondSlots: Sendable, Hashable {
  /// The second that each slot was last used for.
  private var seconds: [Int64]

  private static let nanosecondsEach: Int64 = 1_000_000_000
  private static let unused = Int64.min

  /// The last `window` whole seconds, and the one that runs.
  init(window: Int) {
    seconds = Array(repeating: Self.unused, count: max(1, window) + 1)
  }

  var count: Int { seconds.count }

  /// The slot of this moment; `isNew` if what is in it is of an earlier second. nil for a moment so
  /// far back that its slot has been given to a later one.
  mutating func use(at now: MonotonicInstant) -> (slot: Int, isNew: Bool)? {
    let second = Self.second(now)
    let slot = slot(of: second)
    guard seconds[slot] <= second else { return nil }
    defer { seconds[slot] = second }
    return (slot, seconds[slot] != second)
  }

  /// The slots whose seconds lie within the window.
  func live(at now: MonotonicInstant) -> [Int] {
    let second = Self.second(now)
    return seconds.indices.filter {
      seconds[$0] != Self.unused && seconds[$0] > second - Int64(count)
    }
  }

  private static func second(_ now: MonotonicInstant) -> Int64 {
    let (whole, rest) = now.nanoseconds.quotientAndRemainder(dividingBy: nanosecondsEach)
    return rest < 0 ? whole - 1 : whole
  }

  private func slot(of second: Int64) -> Int {
    let rest = Int(second % Int64(count))
    return rest < 0 ? rest + count : rest
  }
}
