/// What a policy would have done: a trace played to a breaker, in the trace's own time.
package struct BreakerReplay: Sendable {
  /// One thing that happened, and where the breaker stood after it.
  package struct Row: Hashable, Sendable {
    package enum Happening: Hashable, Sendable {
      /// A call was refused.
      case rejected(BreakerRejection)
      /// A call was let through.
      case permitted(isProbe: Bool)
      /// A call that was let through ended; `counted` is false if that changed nothing.
      case ended(BreakerTrace.Ending, counted: Bool)
      case command(BreakerCommand)
      case looked
    }

    package let atMs: Int64
    /// The line of the trace, from 0, and which of its calls.
    package let input: Int
    package let call: Int
    package let happening: Happening
    package let state: BreakerState
    /// What was judged by, also if that has just changed the state.
    package let tally: CallTally
    package let liveProbes: Int
  }

  /// A place where the trace says otherwise.
  package struct Difference: Hashable, Sendable, CustomStringConvertible {
    package let input: Int
    package let text: String
    package var description: String { "inputs[\(input)]: \(text)" }
  }

  private struct Pending {
    let at: MonotonicInstant
    let input: Int
    let call: Int
    let ending: BreakerTrace.Ending
    let ticket: BreakerMachine.Ticket
  }

  package private(set) var rows: [Row] = []
  package private(set) var differences: [Difference] = []
  private var machine: BreakerMachine
  /// Calls under way, the first to end first; those before `nextPending` have ended.
  private var pending: [Pending] = []
  private var nextPending = 0
  /// The last decision and ending of each line that expects something.
  private var decisions: [Int: String] = [:]
  private var ends: [Int: Row] = [:]

  package init(_ trace: BreakerTrace) throws(PolicyError) {
    machine = try BreakerMachine(policy: trace.policy, seed: trace.seed)
    for (index, input) in trace.inputs.enumerated() { play(input, index) }
    endPending(until: .distantFuture)
    for (index, input) in trace.inputs.enumerated() { compare(input.expected, index) }
  }

  private mutating func play(_ input: BreakerTrace.Input, _ index: Int) {
    let now = MonotonicInstant(ms: input.atMs)
    endPending(until: now)
    switch input.action {
    case .look:
      machine.look(at: now)
      add(now, index, 0, .looked, tally: machine.snapshot.tally)
    case .command(let command):
      machine.operate(command, at: now)
      add(now, index, 0, .command(command), tally: machine.snapshot.tally)
    case .calls(let ending, let tookMs, let times):
      for call in 0..<times { ask(now, index, call, ending, tookMs) }
    }
  }

  private mutating func ask(
    _ now: MonotonicInstant, _ index: Int, _ call: Int, _ ending: BreakerTrace.Ending,
    _ tookMs: Int64
  ) {
    switch machine.ask(at: now) {
    case .rejected(let rejection):
      decisions[index] = "rejected"
      add(now, index, call, .rejected(rejection), tally: machine.snapshot.tally)
    case .permitted(let ticket):
      decisions[index] = "permitted"
      let isProbe = ticket.probe != nil
      add(
        now, index, call, .permitted(isProbe: isProbe), tally: machine.snapshot.tally)
      guard ending != .never else { return }
      let end = Pending(
        at: now.advanced(by: .milliseconds(tookMs)), input: index, call: call, ending: ending,
        ticket: ticket)
      // From the back, where nearly every call belongs.
      let before = pending.lastIndex { $0.at <= end.at } ?? -1
      pending.insert(end, at: max(before + 1, nextPending))
      if tookMs == 0 { endPending(until: now) }
    }
  }

  private mutating func endPending(until now: MonotonicInstant) {
    while nextPending < pending.count {
      let first = pending[nextPending]
      guard first.at <= now else { return }
      nextPending += 1
      machine.look(at: first.at)
      var tally = machine.snapshot.tally
      var counted = true
      let generation = machine.generation
      switch first.ending {
      case .reports(let outcome):
        counted = machine.settle(first.ticket, outcome, at: first.at)
        // A change of state empties the window, and what it was judged by is what matters here.
        if machine.generation == generation {
          tally = machine.snapshot.tally
        } else {
          tally.add(isFailure: outcome == .failure, isSlow: false)
        }
      case .drops: machine.drop(first.ticket)
      case .never: break
      }
      add(
        first.at, first.input, first.call, .ended(first.ending, counted: counted),
        tally: tally)
    }
    pending.removeAll(keepingCapacity: true)
    nextPending = 0
  }

  private mutating func add(
    _ now: MonotonicInstant, _ input: Int, _ call: Int, _ happening: Row.Happening,
    tally: CallTally
  ) {
    let row = Row(
      atMs: now.nanoseconds / 1_000_000, input: input, call: call, happening: happening,
      state: machine.state, tally: tally, liveProbes: machine.liveProbes)
    rows.append(row)
    ends[input] = row
  }

  private mutating func compare(_ expected: BreakerTrace.Expectation, _ input: Int) {
    guard let end = ends[input] else { return }
    if let decision = expected.decision, decisions[input] != decision {
      differ(input, "decision \(decisions[input] ?? "none"), expected \(decision)")
    }
    if let state = expected.state, end.state.name != state {
      differ(input, "state \(end.state.name), expected \(state)")
    }
    if let rate = expected.failureRate, abs(end.tally.failureRate - rate) > 0.0005 {
      differ(input, "failure rate \(end.tally.failureRate), expected \(rate)")
    }
  }

  private mutating func differ(_ input: Int, _ text: String) {
    differences.append(Difference(input: input, text: text))
  }
}
