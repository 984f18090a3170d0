/// Says who has been at one and the same piece of work for too long. Pure: whoever looks hands in
/// the time and what there is to see.
///
/// Time counts only as far as the looker itself was awake: of a gap between two looks, two ticks at
/// most. So nobody is stuck for having been asleep together with the looker, be it that the machine
/// slept, the process was stopped, or everything waits for a busy processor.
package struct StallJudge: Sendable {
  /// What can be seen of somebody who works.
  package struct Reading: Sendable, Hashable {
    package let name: String
    /// The number of the oldest piece of work under way, a number never used again; nil: none.
    package let oldest: UInt64?

    package init(_ name: String, oldest: UInt64?) {
      self.name = name
      self.oldest = oldest
    }
  }

  /// Somebody who does not get on.
  package struct Stall: Sendable, Hashable {
    package let name: String
    /// How long the oldest piece of work has been seen under way, in waking time.
    package let duration: Duration
  }

  private struct Seen: Sendable {
    var oldest: UInt64
    var since: Duration
  }

  private let timeout: Duration
  private let gapMax: Duration
  private var last: MonotonicInstant?
  /// Waking time since the first look.
  private var awake = Duration.zero
  private var seen: [String: Seen] = [:]

  /// - Parameters:
  ///   - timeout: a piece of work under way for longer is a stall.
  ///   - tick: how often somebody means to look.
  package init(timeout: Duration, tick: Duration) {
    self.timeout = timeout
    gapMax = tick * 2
  }

  /// One look at everybody there is: who is stuck now, in the order of `readings`.
  package mutating func look(at now: MonotonicInstant, _ readings: [Reading]) -> [Stall] {
    if let last {
      let gap = Duration.nanoseconds(max(0, now.nanoseconds(since: last)))
      awake += min(gap, gapMax)
    }
    last = now
    var next: [String: Seen] = [:]
    var stalls: [Stall] = []
    for reading in readings {
      guard let oldest = reading.oldest else { continue }
      var entry = Seen(oldest: oldest, since: awake)
      if let before = seen[reading.name], before.oldest == oldest { entry = before }
      next[reading.name] = entry
      let duration = awake - entry.since
      if duration > timeout { stalls.append(Stall(name: reading.name, duration: duration)) }
    }
    seen = next
    return stalls
  }
}
