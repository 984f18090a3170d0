import Domain
import Journal
import Messages
import Resilience
import Services
import Transport

/// Everything one seed makes: nodes, people, a network, a payment provider, and what befalls them.
final class World: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  let seed: UInt64
  let plant: Plant?
  let scheduler: Scheduler
  let trace: Trace
  let partitionCount: Int
  /// What goes wrong at the moment; all of it only while the workload lasts.
  var faults: FaultPlan
  /// What goes wrong while the workload lasts.
  let plan: FaultPlan
  /// How long orders may wait. In some worlds they stall soon, while others cannot be heard.
  let deadlines: DeadlinePolicy
  /// How the provider behaves at the moment.
  private(set) var provider: SimulatedProvider.Settings
  /// Chance of what events meet on their way.
  let carrier: Chance
  private(set) var network: Network!
  private(set) var ledger: ProviderLedger!
  private(set) var nodes: [SimulatedNode] = []
  private(set) var people: People!
  private(set) var violations: [Violation] = []
  private(set) var isEnding = false
  /// Nothing goes wrong any more.
  var isHealed = false
  let story = Story()
  private var loops: [LoopExecutor] = []
  /// Where people live: it never crashes.
  private(set) var outside: LoopExecutor!

  static let paymentPolicy = DependencyPolicy(
    breaker: BreakerPolicy(
      window: .time(length: .seconds(20), buckets: 20), minimumCalls: 3, failureRate: 0.5,
      slowCalls: BreakerPolicy.SlowCalls(duration: .seconds(1), rate: 0.8),
      openWait: BreakerBackOff(initial: .seconds(5), maximum: .seconds(30)), probes: 2),
    bulkhead: BulkheadQueue.Limits(concurrent: 2, queued: 2), queueTimeout: .milliseconds(500))

  init(seed: UInt64, plant: Plant?, notesMax: Int) {
    (self.seed, self.plant) = (seed, plant)
    trace = Trace(notesMax: notesMax)
    scheduler = Scheduler(seed: seed, trace: trace)
    let chance = Chance(seed: seed, "world")
    partitionCount = chance.pick([1, 2, 3])
    plan = FaultPlan(chance)
    var deadlines = DeadlinePolicy.standard
    if Chance(seed: seed, "deadlines").perMille(300) { deadlines.stalled = .seconds(600) }
    self.deadlines = deadlines
    faults = plan
    faults.heal()
    carrier = Chance(seed: seed, "carrier")
    provider = SimulatedProvider.Settings(
      latency: .milliseconds(30), capacity: 64, declinePerMille: plan.declinePerMille,
      unknownPerMille: plan.unknownPerMille)
    outside = makeLoop()
    network = Network(self)
    ledger = ProviderLedger(
      provider, seed: seed, clock: .init(now: { .init(nanoseconds: 0) }, sleep: { _ in }))
    people = People(self)
    for (number, services) in Self.layout(chance).enumerated() {
      nodes.append(SimulatedNode(number, services, self))
    }
  }

  private static func layout(_ chance: Chance) -> [[ServiceKind]] {
    chance.pick([
      [[.payment, .order, .store, .delivery, .dashboard]],
      [[.order], [.payment], [.store, .delivery], [.dashboard]],
      [[.payment, .order], [.store], [.delivery, .dashboard]],
      [[.order], [.payment], [.store], [.delivery], [.dashboard]],
    ])
  }

  func makeLoop() -> LoopExecutor {
    let loop = LoopExecutor(scheduler, number: loops.count)
    loops.append(loop)
    return loop
  }

  var wallMilliseconds: Int64 { 1_760_000_000_000 + scheduler.now / 1_000_000 }

  func node(of service: ServiceKind) -> SimulatedNode {
    nodes.first { $0.services.contains(service) } ?? nodes[0]
  }

  /// The node whose service has this method.
  func node(answering path: String) -> SimulatedNode? {
    ServiceKind.allCases.first { path.hasPrefix("baedal.\($0.rawValue).") }.map { node(of: $0) }
  }

  func journal(of service: ServiceKind) -> (SimulatedNode, SimulatedJournal) {
    let owner = node(of: service)
    guard let journal = owner.journals[service] else {
      preconditionFailure("\(service) has no journal")
    }
    return (owner, journal)
  }

  func note(_ text: @autoclosure () -> String) { trace.note(scheduler.now, text()) }

  func violate(_ kind: Violation.Kind, _ text: String) {
    note("VIOLATION \(kind.rawValue): \(text)")
    violations.append(Violation(kind: kind, text: text))
  }

  /// The provider behaves otherwise from now on; what becomes of an attempt stays as it is.
  func changeProvider(_ change: (inout SimulatedProvider.Settings) -> Void) {
    change(&provider)
    note(
      "provider: latency \(provider.latency), capacity \(provider.capacity)"
        + (provider.isDown ? ", down" : ""))
    for node in nodes { node.serving?.provider?.base.change(to: provider) }
  }

  /// Something became durable in a journal.
  func committed(_ events: [RecordedEvent], in journal: String) {
    for event in events {
      note("\(journal) \(event.stream.id.suffix(6)) \(event.version) \(event.type.shortType)")
      // Where it is never set, the order's clock tells what came before a deadline.
      let clock = plan.clockChanges == 0 ? node(of: .order).wallMilliseconds : nil
      if let violation = story.take(event, atOrder: clock) {
        violate(violation.kind, violation.text)
      }
      people.see(event)
    }
  }

  /// Called behind bulkhead and breaker, for every call that they let through.
  func watch(_ dependency: DependencyGuard) {
    let now = dependency.snapshot()
    if now.breaker.liveProbes > now.policy.breaker.probes {
      violate(.permits, "\(now.breaker.liveProbes) live probes")
    }
    if now.inside > now.policy.bulkhead.concurrent {
      violate(.permits, "\(now.inside) inside the bulkhead")
    }
  }

  /// Takes the world down so that nothing of it stays in memory.
  func end() {
    isEnding = true
    people.end()
    for node in nodes { node.end() }
    scheduler.end(loops)
    for node in nodes { node.forget() }
    (nodes, loops, outside, network, people, ledger) = ([], [], nil, nil, nil, nil)
  }
}

/// A promise that was broken.
package struct Violation: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// P1: the store knows of an order that is not paid.
    case storeToldTooEarly
    /// P2: what was acknowledged is not there any more.
    case acknowledgedLost
    /// A read that is older than what its reader had seen.
    case staleRead
    /// The store's silence let an order go that it was never asked about.
    case cancelledUnasked
    /// An order was given up for its stillness, and had been delivered before.
    case cancelledThoughDelivered
    /// P1 to P4 and the journals, as the audit has it.
    case paid, acknowledged, money, deadline, journal
    /// The provider's ledger: captured more than once, or not what the payments say.
    case capturedTwice, ledger
    /// The dashboard is not a fold of the journals, or behind them.
    case dashboard
    /// Places in the bulkhead or probes of the breaker: too many, or not given back.
    case permits
    /// Something had not ended long after the faults did.
    case notEnded
    /// Everything works again, and an order is not charged all the same.
    case notRecovered
    /// An event was set aside.
    case parked
    /// Background work gave up.
    case stopped
    /// The world went on and on without time passing.
    case livelock
  }

  package let kind: Kind
  package let text: String
}
