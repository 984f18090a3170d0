/// Who waits for a place in a pool, who is next, and who is better told at once that it will not
/// do. Pure: time and what is inside are handed in.
///
/// What matters more goes first, and finds places that the rest leaves free. New work is refused as
/// soon as it shows that its turn will not come in time; a queue that does not empty is cut to a
/// short one, in the manner of CoDel (Nichols, Jacobson: Controlling Queue Delay, 2012) as Facebook
/// has it for requests (Maurer: Fail at Scale, 2015). Under overload places are then never empty, and
/// nobody waits for nothing.
package struct Mailbox: Sendable {
  /// Names one that waits.
  package struct Waiter: Hashable, Sendable {
    package let work: WorkClass
    fileprivate let number: UInt64
  }

  /// The answer to one that asks.
  package enum Answer: Hashable, Sendable {
    case queued(Waiter)
    case refused(MailboxRefusal)
  }

  /// What a change means for those who wait: each of them has left the queue.
  package struct Outcome: Sendable {
    package struct Admitted: Hashable, Sendable {
      package let waiter: Waiter
      package let waited: Duration
    }
    package struct Refused: Hashable, Sendable {
      package let waiter: Waiter
      package let refusal: MailboxRefusal
    }

    package var admitted: [Admitted] = []
    package var refused: [Refused] = []

    package init() {}
  }

  package private(set) var policy: MailboxPolicy
  /// Places inside. 0: nothing is taken in, and nobody waits.
  package private(set) var capacity: Int
  /// By the class's raw value.
  private var lines: [MailboxLine]
  private var lastNumber: UInt64 = 0

  private static let retryLeast = Duration.milliseconds(100)
  private static let retryMost = Duration.seconds(5)

  package init(_ policy: MailboxPolicy, capacity: Int) {
    self.policy = policy
    self.capacity = max(0, capacity)
    lines = WorkClass.allCases.map { _ in MailboxLine() }
  }

  /// All that wait; at most `policy.waitingMax`.
  package var waiting: Int { lines.reduce(0) { $0 + $1.count } }
  package func waiting(_ work: WorkClass) -> Int { lines[work.rawValue].count }
  package var isEmpty: Bool { lines.allSatisfy { $0.count == 0 } }

  /// Since when the one who waits longest has waited.
  package var oldest: MonotonicInstant? { lines.compactMap { $0.first?.askedAt }.min() }

  /// How many may be inside when another of this class goes in.
  package func places(for work: WorkClass) -> Int { policy.places(for: work, of: capacity) }

  /// One for whom there is no place asks to wait. `refused` tells who had to go for it.
  package mutating func ask(
    _ work: WorkClass, at now: MonotonicInstant, until deadline: MonotonicInstant,
    refused: inout [Outcome.Refused]
  ) -> Answer {
    guard deadline > now else { return .refused(refusal(.overdue, work, at: now)) }
    guard capacity > 0, policy.waitingMax > 0 else {
      return .refused(refusal(.full, work, at: now))
    }
    let wait = lines[work.rawValue].expectedWait(at: now)
    if wait > .zero, now.advanced(by: wait) >= deadline {
      return .refused(refusal(.overdue, work, at: now))
    }
    if let most = waitMax(work, at: now), wait > most {
      return .refused(refusal(.late, work, at: now))
    }
    if waiting >= policy.waitingMax {
      guard let displaced = displace(for: work) else {
        return .refused(refusal(.full, work, at: now))
      }
      refused.append(
        Outcome.Refused(
          waiter: displaced, refusal: refusal(.displaced, displaced.work, at: now)))
    }
    lastNumber &+= 1
    lines[work.rawValue].append(
      MailboxLine.Entry(number: lastNumber, askedAt: now, deadline: deadline), at: now)
    return .queued(Waiter(work: work, number: lastNumber))
  }

  /// Lets in as many as there is room for beside the `inside` that are in, and sends away those
  /// whose time has passed.
  package mutating func settle(inside: Int, at now: MonotonicInstant) -> Outcome {
    var outcome = Outcome()
    var inside = inside
    for work in WorkClass.allCases.reversed() {
      sendAwayLate(work, at: now, &outcome)
      let places = places(for: work)
      while inside < places, let entry = lines[work.rawValue].take(at: now) {
        outcome.admitted.append(
          Outcome.Admitted(
            waiter: Waiter(work: work, number: entry.number),
            waited: .nanoseconds(max(0, now.nanoseconds(since: entry.askedAt)))))
        inside += 1
        // The next one may be overdue, and must not have the place.
        sendAwayLate(work, at: now, &outcome)
      }
    }
    return outcome
  }

  /// Sends away everyone whose deadline has passed, wherever they stand.
  package mutating func expire(at now: MonotonicInstant) -> Outcome {
    var outcome = Outcome()
    for work in WorkClass.allCases {
      let overdue = lines[work.rawValue].removeOverdue(at: now)
      for entry in overdue { outcome.refuse(entry, work, refusal(.overdue, work, at: now)) }
      sendAwayLate(work, at: now, &outcome)
    }
    return outcome
  }

  /// One that waits gives up. False if it waits no more, because it was let in or sent away.
  package mutating func cancel(_ waiter: Waiter) -> Bool {
    lines[waiter.work.rawValue].remove(number: waiter.number)
  }

  /// Other places from now on. Nobody inside is interrupted; call `settle` to fill new ones.
  package mutating func resize(to capacity: Int) {
    let before = self.capacity
    self.capacity = max(0, capacity)
    guard before > 0, capacity > 0, before != capacity else { return }
    let factor = Double(capacity) / Double(before)
    for index in lines.indices { lines[index].rescale(by: factor) }
  }

  /// Another policy from now on. Those that wait beyond a new bound stay until their time.
  package mutating func replace(policy: MailboxPolicy) throws(PolicyError) {
    try policy.validate()
    self.policy = policy
  }
}

extension Mailbox {
  /// How long one of this class may wait; nil: as long as its deadline allows.
  private func waitMax(_ work: WorkClass, at now: MonotonicInstant) -> Duration? {
    guard work == .fresh else { return nil }
    guard let since = lines[work.rawValue].busySince else { return policy.interval }
    return since.advanced(by: policy.interval) <= now ? policy.target : policy.interval
  }

  private mutating func sendAwayLate(
    _ work: WorkClass, at now: MonotonicInstant, _ outcome: inout Outcome
  ) {
    while let first = lines[work.rawValue].first {
      let reason: MailboxRefusal.Reason
      if first.deadline <= now {
        reason = .overdue
      } else if let most = waitMax(work, at: now), first.askedAt.advanced(by: most) < now {
        reason = .late
      } else {
        return
      }
      _ = lines[work.rawValue].removeFirst()
      outcome.refuse(first, work, refusal(reason, work, at: now))
    }
  }

  /// The last to come of the least class below `work` gives up its place; nil if there is none.
  private mutating func displace(for work: WorkClass) -> Waiter? {
    for lower in WorkClass.allCases where lower < work {
      guard let entry = lines[lower.rawValue].removeLast() else { continue }
      return Waiter(work: lower, number: entry.number)
    }
    return nil
  }

  private func refusal(
    _ reason: MailboxRefusal.Reason, _ work: WorkClass, at now: MonotonicInstant
  ) -> MailboxRefusal {
    let wait = lines[work.rawValue].expectedWait(at: now)
    return MailboxRefusal(
      reason, retryAfter: min(max(wait, Self.retryLeast), Self.retryMost))
  }
}

extension Mailbox.Outcome {
  fileprivate mutating func refuse(
    _ entry: MailboxLine.Entry, _ work: WorkClass, _ refusal: MailboxRefusal
  ) {
    refused.append(
      Refused(waiter: Mailbox.Waiter(work: work, number: entry.number), refusal: refusal))
  }
}
