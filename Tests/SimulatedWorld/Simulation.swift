import Journal
import Services

/// One world from its seed to its verdict.
package struct Simulation {
  /// How a run went.
  package struct Outcome: Sendable {
    package let seed: UInt64
    package let violations: [Violation]
    /// The same for every run of this seed.
    package let hash: UInt64
    package let steps: Int
    package let virtualTime: Duration
    package let orders: Int
    /// The last notable moments.
    package let trace: [String]

    /// What a failing seed prints.
    package var report: String {
      let found = violations.prefix(10).map { "  \($0.kind.rawValue): \($0.text)" }
      return
        (["seed \(seed): \(violations.count) violations"] + found + ["the last moments:"]
        + trace.map { "  " + $0 } + ["again: make simulate SEED=\(seed)"])
        .joined(separator: "\n")
    }
  }

  /// So many jobs may run without the end of a phase; a hundred times what a run needs.
  private static let stepsMax = 5_000_000
  /// How long people order, and things go wrong.
  private static let workload = Duration.seconds(30 * 60)
  /// How long it takes at most until all that was begun has ended: an order that stalls on the
  /// road is cancelled after three hours, and more deadlines follow.
  private static let quiet = Duration.seconds(6 * 3600)

  /// Runs a seed. In one thread; the caller's waits for it.
  /// - Parameters:
  ///   - plant: a bug to plant.
  ///   - notesMax: how many of the last moments to keep in words.
  package static func run(
    seed: UInt64, plant: Plant? = nil, notesMax: Int = 60
  ) -> Outcome {
    let world = World(seed: seed, plant: plant, notesMax: notesMax)
    let run = Simulation(world: world)
    run.play()
    let outcome = Outcome(
      seed: seed, violations: world.violations, hash: world.trace.hash,
      steps: world.scheduler.steps, virtualTime: .nanoseconds(world.scheduler.now),
      orders: world.story.orders.count, trace: world.trace.lines)
    world.end()
    return outcome
  }

  let world: World

  private func play() {
    world.note("seed \(world.seed), \(world.plan)")
    for node in world.nodes { node.start() }
    world.people.prepare()
    var waited = 0
    while !world.people.isReady, waited < 60 {
      guard pass(.seconds(10)) else { return }
      waited += 1
    }
    guard world.people.isReady else {
      return world.violate(.notEnded, "the world was not ready after ten quiet minutes")
    }
    world.faults = world.plan
    scheduleTrouble()
    world.people.begin(orders: 1...4)
    guard pass(Self.workload) else { return }
    heal()
    guard pass(.seconds(600)) else { return }
    world.people.orderOnceMore()
    guard pass(Self.quiet) else { return }
    let verdict = Verdict(world)
    world.people.spawn { await verdict.reach() }
    guard pass(.seconds(60)) else { return }
    if !verdict.isReached { world.violate(.livelock, "the verdict was not reached") }
  }

  private func pass(_ duration: Duration) -> Bool {
    let end = world.scheduler.now + duration.nanoseconds
    if world.scheduler.run(until: end, stepsMax: Self.stepsMax) { return true }
    world.violate(.livelock, "\(Self.stepsMax) jobs, and the time is \(world.scheduler.now)")
    return false
  }

  /// Crashes, partitions and the provider's moods, at times of the seed's choosing.
  private func scheduleTrouble() {
    let chance = Chance(seed: world.seed, "trouble")
    let plan = world.plan
    let span = Duration.zero...(Self.workload - .seconds(60))
    for _ in 0..<plan.crashes {
      let (node, jobs) = (chance.pick(world.nodes), chance.number(0...80))
      let rest = chance.duration(plan.restartAfter)
      // Some crash again while they come up.
      let again = chance.perMille(300) ? chance.number(0...300) : nil
      world.scheduler.after(chance.duration(span)) { [self] in
        crash(node, afterJobs: jobs, rest: rest, again: again)
      }
    }
    let ways = Chance(seed: world.seed, "ways")
    for _ in 0..<plan.partitions where world.nodes.count > 1 {
      let one = chance.pick(world.nodes).number
      let other = chance.pick(world.nodes).number
      let length = chance.duration(.seconds(1)...(.seconds(600)))
      // Every other time only one of them is out of reach for the other.
      let isOneWay = ways.perMille(500)
      world.scheduler.after(chance.duration(span)) { [world] in
        guard one != other else { return }
        world.note("node \(one) \(isOneWay ? "does not reach" : "is cut off from") \(other)")
        var cuts = [Network.Cut(caller: one, node: other)]
        if !isOneWay { cuts.append(Network.Cut(caller: other, node: one)) }
        world.network.cut(cuts)
        world.scheduler.after(length) { [cuts] in world.network.join(cuts) }
      }
    }
    for _ in 0..<plan.stops {
      let (node, length) = (
        chance.pick(world.nodes), chance.duration(.seconds(1)...(.seconds(400)))
      )
      world.scheduler.after(chance.duration(span)) { node.freeze(for: length) }
    }
    for _ in 0..<plan.clockChanges {
      let node = chance.pick(world.nodes)
      world.scheduler.after(chance.duration(span)) { node.setClock() }
    }
    scheduleDisks(chance, span)
    scheduleMoods(chance, span)
  }

  private func scheduleDisks(_ chance: Chance, _ span: ClosedRange<Duration>) {
    for index in 0..<world.plan.fullDisks + world.plan.doubtfulDisks {
      let isFull = index < world.plan.fullDisks
      let service = chance.pick([ServiceKind.order, .payment, .store, .delivery])
      let length = chance.duration(.seconds(1)...(.seconds(60)))
      world.scheduler.after(chance.duration(span)) { [world] in
        let (_, journal) = world.journal(of: service)
        world.note("the disk of \(service) is \(isFull ? "full" : "in doubt")")
        if isFull { journal.base.setFault("the disk is full") } else { journal.isDoubtful = true }
        world.scheduler.after(length) {
          if isFull { journal.base.setFault(nil) } else { journal.isDoubtful = false }
        }
      }
    }
  }

  private func crash(_ node: SimulatedNode, afterJobs jobs: Int, rest: Duration, again: Int?) {
    guard !world.isHealed else { return }
    node.crash(afterJobs: jobs) { [self] in
      world.scheduler.after(rest) { [self] in
        node.start()
        if let again { crash(node, afterJobs: again, rest: rest, again: nil) }
      }
    }
  }

  private func scheduleMoods(_ chance: Chance, _ span: ClosedRange<Duration>) {
    for _ in 0..<world.plan.providerMoods {
      let mood = chance.number(0...4)
      world.scheduler.after(chance.duration(span)) { [world] in
        world.changeProvider { settings in
          settings.isDown = mood == 0
          settings.latency = mood == 1 ? .seconds(4) : mood == 2 ? .seconds(2) : .milliseconds(30)
          settings.capacity = mood == 3 ? 1 : 64
        }
      }
    }
  }

  /// Everything works again, and stays so.
  private func heal() {
    world.note("everything heals")
    world.isHealed = true
    world.faults.heal()
    world.people.isBusy = false
    world.network.joinAll()
    world.changeProvider { settings in
      (settings.isDown, settings.latency, settings.capacity) = (false, .milliseconds(30), 64)
    }
    for node in world.nodes {
      node.disarm()
      node.start()
    }
  }
}
