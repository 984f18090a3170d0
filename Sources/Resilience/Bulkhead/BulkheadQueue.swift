/// The bookkeeping of a bulkhead: who is inside, who waits, in which order and until when. Pure;
/// `Bulkhead` puts tasks to it.
package struct BulkheadQueue: Sendable {
  /// How much is let in.
  package struct Limits: Hashable, Sendable {
    package static let callsMax = 100_000
    /// Calls inside at a time.
    package var concurrent: Int
    /// Calls that wait at most; 0: none waits.
    package var queued: Int

    package init(concurrent: Int, queued: Int) {
      self.concurrent = concurrent
      self.queued = queued
    }

    package func validate() throws(PolicyError) {
      try PolicyCheck.count("bulkhead.concurrent", concurrent, in: 1...Self.callsMax)
      try PolicyCheck.count("bulkhead.queued", queued, in: 0...Self.callsMax)
    }
  }

  /// Names one that waits.
  package struct Waiter: Hashable, Sendable { fileprivate let number: UInt64 }

  /// The answer to a call that asks.
  package enum Decision: Hashable, Sendable {
    case admitted
    case queued(Waiter)
    case rejected(BulkheadRejection)
  }

  /// What a change means for those who wait: each of them has left the queue.
  package struct Outcome: Hashable, Sendable {
    /// They are inside now.
    package var admitted: [Waiter] = []
    /// Their deadline passed while they waited.
    package var expired: [Waiter] = []
  }

  package private(set) var limits: Limits
  package private(set) var inside = 0
  /// Those waiting, the first to come first. Bounded by `limits.queued`.
  private var waiting: [(waiter: Waiter, deadline: MonotonicInstant)] = []
  private var lastNumber: UInt64 = 0

  package init(_ limits: Limits) throws(PolicyError) {
    try limits.validate()
    self.limits = limits
    waiting.reserveCapacity(min(limits.queued, 1_024))
  }

  package var queued: Int { waiting.count }

  /// A call asks to be let in before `deadline`. Nobody overtakes those who wait. Call `expire`
  /// first, so that nobody is turned away for the sake of one who has given up.
  package mutating func ask(
    at now: MonotonicInstant, until deadline: MonotonicInstant
  ) -> Decision {
    guard deadline > now else { return .rejected(.deadlineExceeded) }
    if inside < limits.concurrent, waiting.isEmpty {
      inside += 1
      return .admitted
    }
    guard waiting.count < limits.queued else { return .rejected(.full) }
    lastNumber &+= 1
    let waiter = Waiter(number: lastNumber)
    waiting.append((waiter, deadline))
    return .queued(waiter)
  }

  /// One that was inside leaves.
  package mutating func leave(at now: MonotonicInstant) -> Outcome {
    inside = max(0, inside - 1)
    return settle(at: now)
  }

  /// One that waits gives up. False if it waits no more, because it was let in or has expired.
  package mutating func cancel(_ waiter: Waiter) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.waiter == waiter }) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// Sends away those whose deadline has passed; expired work is never let in.
  package mutating func expire(at now: MonotonicInstant) -> Outcome { settle(at: now) }

  /// Other limits from now on. Nobody inside is interrupted; of those who wait, those beyond the
  /// new bound go as if their deadline had passed, the last to come first.
  package mutating func replace(
    limits: Limits, at now: MonotonicInstant
  ) throws(PolicyError) -> Outcome {
    try limits.validate()
    self.limits = limits
    var outcome = settle(at: now)
    while waiting.count > limits.queued, let last = waiting.popLast() {
      outcome.expired.append(last.waiter)
    }
    return outcome
  }

  private mutating func settle(at now: MonotonicInstant) -> Outcome {
    var outcome = Outcome()
    waiting.removeAll { entry in
      guard entry.deadline <= now else { return false }
      outcome.expired.append(entry.waiter)
      return true
    }
    let room = max(0, min(limits.concurrent - inside, waiting.count))
    outcome.admitted = waiting.prefix(room).map(\.waiter)
    waiting.removeFirst(room)
    inside += room
    return outcome
  }
}

/// Why a call is not let in.
package enum BulkheadRejection: Error, Hashable, Sendable {
  /// All places are taken, and all places to wait.
  case full
  /// The deadline passed before there was a place.
  case deadlineExceeded
  /// The caller gave up while it waited.
  case cancelled
}
