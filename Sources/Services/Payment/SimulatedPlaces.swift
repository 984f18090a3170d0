import Transport

/// Who holds a place at the simulated provider, and who waits for one: first come, first served.
/// Pure; every input takes the time and first does what was due, at the instant it was due.
///
/// A charge whose caller has given up keeps its turn and takes its place like any other: no
/// provider knows who still listens. That is how one that is overloaded comes to work for nobody.
struct SimulatedPlaces: Sendable {
  /// Names a charge that waits. They are numbered as they come, so those waiting are a range.
  struct Waiter: Hashable, Sendable { fileprivate let number: UInt64 }

  /// How a charge stands.
  enum Standing: Hashable, Sendable {
    /// It is worked on, and done at that instant.
    case underWay(until: MonotonicInstant)
    /// It has no place before that instant, unless the settings change.
    case waiting(Waiter, until: MonotonicInstant)
    /// Every place is taken, and every place to wait.
    case refused
  }

  /// Charges at once.
  var capacity: Int
  /// Charges that may wait.
  var queue: Int
  /// How long a charge holds its place; counts from when it takes it.
  var latency: Duration
  /// The most that held a place, and that waited, since `forgetMaxima`.
  private(set) var underWayMax = 0
  private(set) var waitingMax = 0
  /// When those under way are done, the first first.
  private var ends: [MonotonicInstant] = []
  private var firstWaiting: UInt64 = 0
  private var nextWaiter: UInt64 = 0
  /// Those of the waiting whose callers have given up.
  private var abandoned: Set<UInt64> = []
  /// When those are done who have had their turn, until their callers have looked.
  private var started: [UInt64: MonotonicInstant] = [:]

  init(capacity: Int, queue: Int, latency: Duration) {
    self.capacity = capacity
    self.queue = queue
    self.latency = latency
  }

  var underWay: Int { ends.count }
  var waiting: Int { Int(nextWaiter - firstWaiting) }

  /// A charge comes in.
  mutating func enter(at now: MonotonicInstant) -> Standing {
    advance(to: now)
    if waiting == 0, underWay < capacity { return .underWay(until: begin(at: now)) }
    guard waiting < queue else { return .refused }
    let waiter = Waiter(number: nextWaiter)
    nextWaiter += 1
    waitingMax = max(waitingMax, waiting)
    return .waiting(waiter, until: turn(of: waiter.number))
  }

  /// How one that waited stands now. Its caller asks until it is under way, or gives up.
  mutating func look(_ waiter: Waiter, at now: MonotonicInstant) -> Standing {
    advance(to: now)
    if let end = started.removeValue(forKey: waiter.number) { return .underWay(until: end) }
    return .waiting(waiter, until: turn(of: waiter.number))
  }

  /// The caller of one that waited listens no more.
  mutating func giveUp(_ waiter: Waiter, at now: MonotonicInstant) {
    advance(to: now)
    if started.removeValue(forKey: waiter.number) == nil { abandoned.insert(waiter.number) }
  }

  /// Places free themselves, and go to those who wait.
  mutating func advance(to now: MonotonicInstant) {
    while let end = ends.first, end <= now {
      ends.removeFirst()
      admit(at: end)
    }
    // When there are more places than there were.
    admit(at: now)
  }

  mutating func forgetMaxima() { (underWayMax, waitingMax) = (underWay, waiting) }

  private mutating func admit(at instant: MonotonicInstant) {
    while waiting > 0, underWay < capacity {
      let number = firstWaiting
      firstWaiting += 1
      let end = begin(at: instant)
      if abandoned.remove(number) == nil { started[number] = end }
    }
  }

  private mutating func begin(at instant: MonotonicInstant) -> MonotonicInstant {
    let end = instant.advanced(by: latency)
    // Almost always the last: the latency seldom changes.
    let after = ends.lastIndex { $0 <= end } ?? -1
    ends.insert(end, at: after + 1)
    underWayMax = max(underWayMax, underWay)
    return end
  }

  /// The instant before which a charge that waits cannot have its turn.
  private func turn(of number: UInt64) -> MonotonicInstant {
    guard !ends.isEmpty, capacity > 0 else { return .distantFuture }
    // So many must leave before it may come, counted from 0.
    let before = Int(number - firstWaiting) + max(0, underWay - capacity)
    let rounds = Int64(before / ends.count)
    let end = ends[before % ends.count]
    return end.advanced(byNanoseconds: latency.wholeNanoseconds.multiplied(by: rounds))
  }
}

extension Int64 {
  /// The product, or the largest there is.
  fileprivate func multiplied(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
