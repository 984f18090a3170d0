/// The circuit breaker as a pure state machine: every input takes the time and gives what comes of
/// it, nothing waits, and the same inputs and seed give the same outputs. `CircuitBreaker` makes it
/// safe to share. States and rates as in resilience4j and Polly; the open wait as in Polly.
package struct BreakerMachine: Sendable {
  /// What a permit stands for.
  package struct Ticket: Hashable, Sendable {
    let generation: UInt64
    let start: MonotonicInstant
    /// nil: not a probe.
    let probe: ProbeTable.Probe?
  }

  /// The answer to a call that asks.
  package enum Decision: Hashable, Sendable {
    case permitted(Ticket)
    case rejected(BreakerRejection)
  }

  package private(set) var policy: BreakerPolicy
  package private(set) var state: BreakerState = .closed
  /// Counts the states; what a permit of another generation reports changes nothing.
  package private(set) var generation: UInt64 = 0
  package private(set) var counters = BreakerCounters()
  package private(set) var lastTransition: BreakerTransition?
  private var window: SlidingWindow
  private var probes: ProbeTable
  private var random: SplitMix64
  private let slowNanoseconds: Int64
  /// Threads read the clock before they get their turn, so an input can carry an instant earlier
  /// than the last one's. Inside, time does not go back.
  private var latest = MonotonicInstant(nanoseconds: .min)

  /// `policy` must be valid; `seed` decides the jitter.
  package init(policy: BreakerPolicy, seed: UInt64) throws(PolicyError) {
    try policy.validate()
    self.init(validated: policy, random: SplitMix64(seed: seed))
  }

  private init(validated policy: BreakerPolicy, random: SplitMix64) {
    self.policy = policy
    self.random = random
    window = SlidingWindow(policy.window)
    probes = ProbeTable(capacity: policy.probes)
    slowNanoseconds = policy.slowCalls?.duration.wholeNanoseconds ?? .max
  }

  /// Probes under way: neither returned nor revoked. Never more than the policy's `probes`.
  package var liveProbes: Int { probes.live }

  package var snapshot: BreakerSnapshot {
    var tally = window.tally
    if case .halfOpen = state { tally = probes.tally }
    return BreakerSnapshot(
      policy: policy, state: state, generation: generation, tally: tally,
      liveProbes: probes.live, counters: counters, lastTransition: lastTransition)
  }

  // MARK: inputs

  /// A call asks to be let through.
  package mutating func ask(at now: MonotonicInstant) -> Decision {
    let now = advance(to: now)
    switch state {
    case .closed, .forcedClosed, .disabled:
      return .permitted(Ticket(generation: generation, start: now, probe: nil))
    case .forcedOpen:
      return .rejected(reject(.forcedOpen, until: nil, now))
    case .open(let until, let opening):
      guard now >= until else { return .rejected(reject(.open, until: until, now)) }
      enter(.halfOpen(opening: opening), .waitOver, now)
      return probe(now)
    case .halfOpen:
      return probe(now)
    }
  }

  /// Why a call that asked now would be refused; nil if it would be let through. Takes no probe.
  /// For who must wait before it can ask, and need not when the answer is no; counts as refused.
  package mutating func refusal(at now: MonotonicInstant) -> BreakerRejection? {
    let now = advance(to: now)
    switch state {
    case .closed, .forcedClosed, .disabled: return nil
    case .forcedOpen: return reject(.forcedOpen, until: nil, now)
    case .open(let until, _):
      return now < until ? reject(.open, until: until, now) : nil
    case .halfOpen:
      return probes.hasFree ? nil : rejectProbe(now)
    }
  }

  /// A call that was let through tells how it went. False if that changed nothing, because the
  /// state it was let through in is over, or its lease.
  @discardableResult
  package mutating func settle(
    _ ticket: Ticket, _ outcome: CallOutcome, at now: MonotonicInstant
  ) -> Bool {
    let now = advance(to: now)
    guard ticket.generation == generation else { return countStale() }
    if let probe = ticket.probe {
      guard probes.free(probe) else { return countStale() }
      return settleProbe(outcome, isSlow: isSlow(ticket, now), now)
    }
    guard state != .disabled else { return true }
    guard outcome != .ignored else {
      counters.ignored &+= 1
      return true
    }
    let isFailure = outcome == .failure
    let isSlow = isSlow(ticket, now)
    count(isFailure: isFailure, isSlow: isSlow)
    window.add(isFailure: isFailure, isSlow: isSlow, at: now)
    if state == .closed, let cause = policy.verdict(on: window.tally, minimum: policy.minimumCalls)
    {
      open(opening: 1, cause, now)
    }
    return true
  }

  /// A permit is given back without an outcome: cancelled, dropped, thrown past.
  package mutating func drop(_ ticket: Ticket) {
    guard ticket.generation == generation else {
      countStale()
      return
    }
    if let probe = ticket.probe, !probes.free(probe) {
      countStale()
      return
    }
    counters.dropped &+= 1
  }

  /// Time passes: takes back probes that have outlived their lease. Every other input does this
  /// first, so nothing needs a timer.
  package mutating func look(at now: MonotonicInstant) {
    window.advance(to: advance(to: now))
  }

  package mutating func operate(_ command: BreakerCommand, at now: MonotonicInstant) {
    let now = advance(to: now)
    let target: BreakerState =
      switch command {
      case .forceOpen: .forcedOpen
      case .forceClosed: .forcedClosed
      case .disable: .disabled
      case .reset: .closed
      }
    enter(target, .command(command), now)
  }

  /// From now on by another policy. A closed, open or forced breaker stays so, an open one until
  /// the instant it had; probes under way are revoked, and what the window held is forgotten.
  package mutating func replace(
    policy: BreakerPolicy, at now: MonotonicInstant
  ) throws(PolicyError) {
    try policy.validate()
    let now = advance(to: now)
    var next = BreakerMachine(validated: policy, random: random)
    next.state = state
    next.generation = generation
    next.counters = counters
    next.latest = latest
    self = next
    enter(state, .policy, now)
  }

  /// Counts calls that were refused without asking the machine.
  mutating func addRejected(_ count: UInt64) { counters.rejected &+= count }

  // MARK: parts

  private mutating func advance(to now: MonotonicInstant) -> MonotonicInstant {
    if now > latest { latest = now }
    if case .halfOpen = state, probes.live > 0 { expireLeases(latest) }
    return latest
  }

  private mutating func expireLeases(_ now: MonotonicInstant) {
    let expired = probes.expire(at: now)
    counters.leasesExpired &+= UInt64(expired)
    counters.failed &+= UInt64(expired)
    if expired > 0, probes.isComplete { judgeProbes(now) }
  }

  private mutating func probe(_ now: MonotonicInstant) -> Decision {
    guard let probe = probes.take(until: now.advanced(by: policy.lease)) else {
      return .rejected(rejectProbe(now))
    }
    return .permitted(Ticket(generation: generation, start: now, probe: probe))
  }

  /// The probes decide within moments, mostly; a lease is for those that never report, and far too
  /// long to send everybody away for.
  private mutating func rejectProbe(_ now: MonotonicInstant) -> BreakerRejection {
    let soon = now.advanced(by: policy.openWait.initial)
    return reject(.probesTaken, until: min(probes.firstLeaseEnd ?? soon, soon), now)
  }

  private mutating func settleProbe(
    _ outcome: CallOutcome, isSlow: Bool, _ now: MonotonicInstant
  ) -> Bool {
    guard outcome != .ignored else {
      counters.ignored &+= 1
      return true
    }
    count(isFailure: outcome == .failure, isSlow: isSlow)
    probes.report(isFailure: outcome == .failure, isSlow: isSlow)
    if probes.isComplete { judgeProbes(now) }
    return true
  }

  private mutating func judgeProbes(_ now: MonotonicInstant) {
    guard case .halfOpen(let opening) = state else { return }
    if let cause = policy.verdict(on: probes.tally, minimum: policy.probes) {
      open(opening: opening &+ 1, cause, now)
    } else {
      enter(.closed, .probesSucceeded, now)
    }
  }

  private mutating func open(
    opening: Int, _ cause: BreakerTransition.Cause, _ now: MonotonicInstant
  ) {
    let wait = policy.openWait.wait(opening: opening, unit: random.unit())
    counters.openings &+= 1
    let until = now.advanced(byNanoseconds: wait)
    enter(.open(until: until, opening: opening), cause, now)
  }

  private mutating func enter(
    _ next: BreakerState, _ cause: BreakerTransition.Cause, _ now: MonotonicInstant
  ) {
    generation &+= 1
    counters.transitions &+= 1
    lastTransition = BreakerTransition(
      generation: generation, from: state, to: next, cause: cause, at: now)
    state = next
    window.removeAll()
    probes.removeAll()
  }

  private mutating func reject(
    _ reason: BreakerRejection.Reason, until: MonotonicInstant?, _ now: MonotonicInstant
  ) -> BreakerRejection {
    counters.rejected &+= 1
    let wait = until.map { max(0, $0.nanoseconds(since: now)) }
    return BreakerRejection(reason: reason, retryAfterNanoseconds: wait)
  }

  private mutating func count(isFailure: Bool, isSlow: Bool) {
    if isFailure { counters.failed &+= 1 } else { counters.succeeded &+= 1 }
    if isSlow { counters.slow &+= 1 }
  }

  private func isSlow(_ ticket: Ticket, _ now: MonotonicInstant) -> Bool {
    now.nanoseconds(since: ticket.start) > slowNanoseconds
  }

  @discardableResult
  private mutating func countStale() -> Bool {
    counters.stale &+= 1
    return false
  }
}
