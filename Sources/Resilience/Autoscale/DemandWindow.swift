/// The demand of late, for means over a window that ends now.
struct DemandWindow: Hashable, Sendable {
  private struct Entry: Hashable, Sendable {
    let at: MonotonicInstant
    let value: Double
  }

  private var entries: [Entry] = []
  private let length: Duration
  /// An hour's window looked at every second.
  private static let most = 3_600

  init(length: Duration) { self.length = length }

  mutating func record(_ value: Double, at now: MonotonicInstant) {
    let horizon = now.advanced(by: .zero - length)
    entries.removeAll { $0.at <= horizon }
    entries.append(Entry(at: now, value: value))
    if entries.count > Self.most { entries.removeFirst(entries.count - Self.most) }
  }

  /// The mean of what was recorded within `window` before now; nil if nothing was.
  func mean(over window: Duration, at now: MonotonicInstant) -> Double? {
    let begin = now.advanced(by: .zero - window)
    var sum = 0.0
    var count = 0
    for entry in entries where entry.at > begin && entry.at <= now {
      sum += entry.value
      count += 1
    }
    return count == 0 ? nil : sum / Double(count)
  }
}
