/// Those of one class that wait, the first to come first, and how fast they are taken in. Every
/// operation costs O(1) on average, apart from removing one in the middle (logarithmic) and looking
/// for overdue ones (all).
struct MailboxLine: Sendable {
  struct Entry: Sendable {
    let number: UInt64
    let askedAt: MonotonicInstant
    let deadline: MonotonicInstant
    fileprivate var isGone = false

    init(number: UInt64, askedAt: MonotonicInstant, deadline: MonotonicInstant) {
      self.number = number
      self.askedAt = askedAt
      self.deadline = deadline
    }
  }

  /// Ascending by number from `head` on. The first and the last are never gone.
  private var entries: [Entry] = []
  private var head = 0
  private(set) var count = 0
  /// Since when there has always been somebody; nil while there is nobody.
  private(set) var busySince: MonotonicInstant?
  /// When one was last taken in, or the line began.
  private var lastTaken = MonotonicInstant(nanoseconds: 0)
  /// Smoothed nanoseconds from one taken in to the next; nil until there is an experience.
  private var gap: Int64?

  /// Weight of a new gap is one in so many.
  private static let smoothing: Int64 = 8
  /// So many gone entries are not worth tidying up.
  private static let slack = 64

  var first: Entry? { count > 0 ? entries[head] : nil }

  mutating func append(_ entry: Entry, at now: MonotonicInstant) {
    if count == 0 {
      busySince = now
      lastTaken = now
    }
    entries.append(entry)
    count += 1
  }

  /// Takes the first in.
  mutating func take(at now: MonotonicInstant) -> Entry? {
    guard let entry = first else { return nil }
    let sample = max(0, now.nanoseconds(since: lastTaken))
    gap = gap.map { $0 + (sample - $0) / Self.smoothing } ?? sample
    lastTaken = now
    drop(at: head)
    return entry
  }

  mutating func removeFirst() -> Entry? {
    guard let entry = first else { return nil }
    drop(at: head)
    return entry
  }

  mutating func removeLast() -> Entry? {
    guard count > 0, let entry = entries.last else { return nil }
    drop(at: entries.count - 1)
    return entry
  }

  /// False if it waits no more.
  mutating func remove(number: UInt64) -> Bool {
    var (low, high) = (head, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].number < number { low = middle + 1 } else { high = middle }
    }
    guard low < entries.count, entries[low].number == number, !entries[low].isGone else {
      return false
    }
    drop(at: low)
    return true
  }

  /// Removes those whose deadline has passed.
  mutating func removeOverdue(at now: MonotonicInstant) -> [Entry] {
    var overdue: [Entry] = []
    for index in head..<entries.count
    where !entries[index].isGone && entries[index].deadline <= now {
      overdue.append(entries[index])
    }
    for entry in overdue { _ = remove(number: entry.number) }
    return overdue
  }

  /// How long one that comes now would wait, as far as can be told: nothing if nobody is ahead of
  /// it, so that there is always one from which to learn.
  func expectedWait(at now: MonotonicInstant) -> Duration {
    guard count > 0, let gap else { return .zero }
    // A line that has come to a stop is slower than it was.
    let pace = max(gap, now.nanoseconds(since: lastTaken) / Int64(max(1, count)))
    let (wait, overflow) = pace.multipliedReportingOverflow(by: Int64(count))
    return .nanoseconds(overflow ? .max : wait)
  }

  /// There is so many times the room from now on.
  mutating func rescale(by factor: Double) {
    guard let known = gap, factor > 0, factor.isFinite else { return }
    gap = Int64(min(Double(known) / factor, 1e15))
  }

  private mutating func drop(at index: Int) {
    entries[index].isGone = true
    count -= 1
    while head < entries.count, entries[head].isGone { head += 1 }
    while entries.count > head, let last = entries.last, last.isGone { entries.removeLast() }
    if count == 0 { busySince = nil }
    if entries.count > 2 * count + Self.slack {
      entries = entries[head...].filter { !$0.isGone }
      head = 0
    }
  }
}
