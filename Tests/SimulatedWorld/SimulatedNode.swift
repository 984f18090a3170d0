import Domain
import Journal
import Services
import Transport

/// The services of a world, in the order in which a node puts them together.
enum ServiceKind: String, CaseIterable {
  case payment, order, store, delivery, dashboard
}

/// A machine: what survives its crashes, and the serving that runs on it now.
final class SimulatedNode: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  let number: Int
  let services: [ServiceKind]
  private(set) var journals: [ServiceKind: SimulatedJournal] = [:]
  /// Views are kept in memory; a crash may take them along.
  let views = NodeViews()
  private(set) var serving: Serving?
  private(set) var isUp = false
  /// How wrong its wall clock is.
  private(set) var skew = Duration.zero
  private let world: World
  private let chance: Chance
  private var loops: [LoopExecutor] = []
  /// What every one of its lives runs under, so that the world's end ends the dead ones too.
  private var roots: [Task<Void, Never>] = []

  init(_ number: Int, _ services: [ServiceKind], _ world: World) {
    (self.number, self.services, self.world) = (number, services, world)
    chance = Chance(seed: world.seed, "node \(number)")
    for service in services where service != .dashboard {
      journals[service] = SimulatedJournal(service.rawValue, world) { [unowned self] in
        WallTime(milliseconds: wallMilliseconds)
      }
    }
  }

  var wallMilliseconds: Int64 { world.wallMilliseconds + skew.nanoseconds / 1_000_000 }

  /// Comes up, with nothing in memory.
  func start() {
    guard !isUp, !world.isEnding else { return }
    setClock()
    if chance.perMille(300) { views.lose() }
    loops = (0..<chance.number(1...2)).map { _ in world.makeLoop() }
    isUp = true
    world.note("node \(number) \(services.map(\.rawValue).joined(separator: "+")) starts")
    let (number, loops) = (number, loops)
    roots.append(
      Task(executorPreference: loops[0]) { [self] in
        await run(Parts(self, loops, world), as: number)
      })
  }

  private func run(_ parts: Parts, as number: Int) async {
    do {
      let serving = try await parts.assemble()
      self.serving = serving
      world.note("node \(number) serves")
      try await serving.run()
    } catch {
      if !world.isEnding { world.violate(.stopped, "node \(number): \(error)") }
    }
  }

  /// Dies after so many more jobs: at whatever suspension that is.
  func crash(afterJobs jobs: Int, then: @escaping () -> Void) {
    guard isUp, let loop = loops.first else { return }
    loop.fuse = jobs
    loop.onBlown = { [self] in
      guard isUp else { return }
      crash()
      then()
    }
  }

  /// Sleeps for so long; nobody else does.
  func freeze(for duration: Duration) {
    let frozen = loops
    guard isUp else { return }
    world.note("node \(number) stands still")
    for loop in frozen { loop.isFrozen = true }
    world.scheduler.after(duration) { [world] in
      for loop in frozen { world.scheduler.thaw(loop) }
    }
  }

  /// Its wall clock is set.
  func setClock() {
    let most = world.faults.skewMax
    skew = chance.duration(Duration.zero - most...most)
    world.note("node \(number)'s clock is \(skew) ahead")
  }

  /// A crash that has not come yet does not come any more.
  func disarm() {
    for loop in loops { loop.fuse = nil }
  }

  private func crash() {
    world.note("node \(number) crashes")
    for loop in loops { loop.isDead = true }
    isUp = false
    serving = nil
    for service in services { journals[service]?.crash() }
    world.network.lost(number)
  }

  /// The world ends.
  func end() {
    for root in roots { root.cancel() }
    for service in services { journals[service]?.base.close() }
    (serving, roots, loops) = (nil, [], [])
  }

  func forget() { journals = [:] }
}

/// The clocks of one node.
struct NodeClocks {
  let transport: TransportClock
  let journal: JournalClock
  let environment: ServiceEnvironment

  init(_ node: SimulatedNode, _ world: World) {
    let scheduler = world.scheduler
    transport = TransportClock(
      now: { MonotonicInstant(nanoseconds: scheduler.now) },
      sleep: { try await scheduler.sleep(until: $0.nanoseconds) })
    journal = JournalClock(
      now: { [unowned node] in WallTime(milliseconds: node.wallMilliseconds) },
      sleep: { try await scheduler.sleep(until: scheduler.now + $0.nanoseconds) })
    environment = ServiceEnvironment(
      now: { [unowned node] in Timestamp(ms: node.wallMilliseconds) }, clock: transport,
      deadlines: world.deadlines)
  }
}
