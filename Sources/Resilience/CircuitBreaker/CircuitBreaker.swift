import Synchronization

/// A circuit breaker for one dependency, shared by everybody who calls it.
///
/// A closed breaker lets a call through, and an open one refuses it, after one atomic read and
/// without a lock; nothing on either way allocates. All else is `BreakerMachine` under a lock that
/// is held for some tens of nanoseconds.
public final class CircuitBreaker: Sendable {
  /// What is called after a change of state, in the thread that caused it, without a lock. Calls
  /// of different threads may overtake each other; `generation` tells their order.
  package typealias Observer = @Sendable (BreakerTransition) -> Void

  /// The dependency's name, for metrics and people.
  package let name: String
  private let gate: Atomic<UInt64>
  private let refusedAtGate = Atomic<UInt64>(0)
  private let machine: Mutex<BreakerMachine>
  private let observer: Observer?

  /// `seed` decides the jitter of the open waits: another one for each node.
  package init(
    name: String, policy: BreakerPolicy, seed: UInt64, observer: Observer? = nil
  ) throws(PolicyError) {
    let machine = try BreakerMachine(policy: policy, seed: seed)
    self.name = name
    self.observer = observer
    gate = Atomic(BreakerGate(machine).bits)
    self.machine = Mutex(machine)
  }

  /// Lets a call through, or throws why not. The permit must be told how the call went; a permit
  /// that is dropped instead counts as if the call had never been.
  public func permit(at now: MonotonicInstant) throws(BreakerRejection) -> BreakerPermit {
    switch BreakerGate(bits: gate.load(ordering: .acquiring)).mode {
    case .closed(let generation):
      return BreakerPermit(
        self, BreakerMachine.Ticket(generation: generation, start: now, probe: nil))
    case .open(let until) where now.nanoseconds < until:
      refusedAtGate.wrappingAdd(1, ordering: .relaxed)
      throw BreakerRejection(
        reason: .open, retryAfterNanoseconds: until &- now.nanoseconds)
    case .open, .other:
      return try askMachine(at: now)
    }
  }

  /// Why a call made now would be refused; nil if it would be let through. See
  /// `BreakerMachine.refusal`.
  package func refusal(at now: MonotonicInstant) -> BreakerRejection? {
    switch BreakerGate(bits: gate.load(ordering: .acquiring)).mode {
    case .closed: return nil
    case .open(let until) where now.nanoseconds < until:
      refusedAtGate.wrappingAdd(1, ordering: .relaxed)
      return BreakerRejection(reason: .open, retryAfterNanoseconds: until &- now.nanoseconds)
    case .open, .other: return change { $0.refusal(at: now) }
    }
  }

  @inline(never)
  private func askMachine(at now: MonotonicInstant) throws(BreakerRejection) -> BreakerPermit {
    switch change({ $0.ask(at: now) }) {
    case .permitted(let ticket): return BreakerPermit(self, ticket)
    case .rejected(let rejection): throw rejection
    }
  }

  func settle(
    _ ticket: BreakerMachine.Ticket, _ outcome: CallOutcome, at now: MonotonicInstant
  ) -> Bool {
    change { $0.settle(ticket, outcome, at: now) }
  }

  func drop(_ ticket: BreakerMachine.Ticket) { change { $0.drop(ticket) } }

  package func operate(_ command: BreakerCommand, at now: MonotonicInstant) {
    change { $0.operate(command, at: now) }
  }

  /// See `BreakerMachine.replace`. What was refused under the old policy stays counted.
  package func replace(policy: BreakerPolicy, at now: MonotonicInstant) throws(PolicyError) {
    try policy.validate()
    change { machine in
      // It was validated above, which is all that can be refused.
      try? machine.replace(policy: policy, at: now)
    }
  }

  package func snapshot(at now: MonotonicInstant) -> BreakerSnapshot {
    change { machine in
      machine.look(at: now)
      machine.addRejected(refusedAtGate.exchange(0, ordering: .relaxed))
      return machine.snapshot
    }
  }

  /// Every change of the machine goes through here, so that the gate says what the machine says
  /// before the lock is free.
  private func change<Result: Sendable>(
    _ body: (inout sending BreakerMachine) -> sending Result
  ) -> Result {
    var transition: BreakerTransition?
    let result = machine.withLock { machine in
      let generation = machine.generation
      let result = body(&machine)
      if machine.generation != generation {
        gate.store(BreakerGate(machine).bits, ordering: .releasing)
        transition = machine.lastTransition
      }
      return result
    }
    if let transition, let observer { observer(transition) }
    return result
  }
}

/// What a caller must know before it may pass, in one word, so that it is read all at once: two
/// bits say how to read the other 62.
private struct BreakerGate {
  enum Mode {
    case closed(generation: UInt64)
    /// Nanoseconds of the clock.
    case open(until: Int64)
    /// The machine knows.
    case other
  }

  private static let payloadMask: UInt64 = (1 << 62) - 1
  let bits: UInt64

  init(bits: UInt64) { self.bits = bits }

  init(_ machine: BreakerMachine) {
    switch machine.state {
    case .closed, .forcedClosed, .disabled:
      bits = 1 << 62 | machine.generation & Self.payloadMask
    case .open(let until, _) where until.nanoseconds >= 0:
      bits = 2 << 62 | min(UInt64(until.nanoseconds), Self.payloadMask)
    case .open, .halfOpen, .forcedOpen:
      bits = 0
    }
  }

  var mode: Mode {
    switch bits >> 62 {
    case 1: .closed(generation: bits & Self.payloadMask)
    case 2: .open(until: Int64(bits & Self.payloadMask))
    default: .other
    }
  }
}
