import Domain
package import Resilience
package import Services
import Transport

/// A pool that follows its load, under a load that steps up and down, in virtual time. Commands do
/// nothing but take their time, as those that wait for a provider.
package final class LoadCourse: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.

  /// What comes when, and how large the pool may be.
  package struct Plan: Sendable {
    /// So many commands a second, for so long.
    package var phases: [(perSecond: Int, length: Duration)]
    package var minimum = 1
    package var maximum = 16
    package var capacityPerReplica = 4
    package var latency = Duration.milliseconds(200)
    package var settings = PoolAutoscaler.Settings(
      evaluation: .seconds(1), downWindow: .seconds(20))
    package var mailbox = MailboxPolicy(waitingMax: 64, reservedPercent: 5)

    package var evaluation: Duration { settings.evaluation }
    package var waitTarget: Duration { mailbox.target }

    package init(_ phases: [(perSecond: Int, length: Duration)]) { self.phases = phases }
  }

  /// The pool at one moment, ten times a second.
  package struct Point: Sendable {
    package let at: Duration
    package let replicas: Int
    package let waiting: Int
    package let shed: UInt64
    /// Of those who waited, over the last seconds.
    package let queueWait: PoolReading.Waits?
  }

  package struct Outcome: Sendable {
    package var points: [Point] = []
    /// When a command came and how long it waited for its turn.
    package var waits: [(at: Duration, wait: Duration)] = []
    package var completed = 0
    package var refused = 0
    package var decisions: [PoolAutoscaler.Entry] = []
    /// How often the replicas turned from rising to falling or back.
    package var turns = 0
    package var replicaSeconds = 0.0
  }

  private let plan: Plan
  private let scheduler: Scheduler
  private let loops: [LoopExecutor]
  private let pool: ReplicaPool<IdleReplica>
  private let autoscaler: PoolAutoscaler
  private let chance: Chance
  private var outcome = Outcome()
  private var isOver = false

  /// Throws for a plan that no policy can have.
  package static func run(_ plan: Plan, seed: UInt64) throws -> Outcome {
    let course = try LoadCourse(plan, seed: seed)
    let root = Task(executorPreference: course.loops[0]) { await course.play() }
    _ = course.scheduler.run(until: 86_400_000_000_000, stepsMax: 20_000_000)
    course.outcome.decisions = course.autoscaler.latest(PoolAutoscaler.entriesMax).reversed()
    course.sumUp()
    root.cancel()
    course.scheduler.end(course.loops)
    return course.outcome
  }

  private init(_ plan: Plan, seed: UInt64) throws {
    self.plan = plan
    let scheduler = Scheduler(seed: seed, trace: Trace(notesMax: 0))
    self.scheduler = scheduler
    let loops = (0..<2).map { LoopExecutor(scheduler, number: $0) }
    self.loops = loops
    chance = Chance(seed: seed, "load")
    pool = ReplicaPool(
      service: "load",
      replicas: (0..<plan.maximum).map {
        IdleReplica(scheduler, executor: ReplicaExecutor(loops[$0 % loops.count]))
      },
      limits: PoolLimits(
        minimum: plan.minimum, maximum: plan.maximum,
        capacityPerReplica: plan.capacityPerReplica, mailbox: plan.mailbox),
      clock: TransportClock(
        now: { .init(nanoseconds: scheduler.now) },
        sleep: { try await scheduler.sleep(until: $0.nanoseconds) }))
    autoscaler = try PoolAutoscaler(pool.control, plan.settings) {
      Timestamp(ms: scheduler.now / 1_000_000)
    }
  }

  private func play() async {
    let watch = Task(executorPreference: loops[1]) { await self.watch() }
    await withTaskGroup(of: Void.self) { group in
      for phase in plan.phases {
        let end = scheduler.now + phase.length.nanoseconds
        let gap = 1_000_000_000 / Int64(max(1, phase.perSecond))
        while scheduler.now < end {
          // Around the even pace, so that seeds differ.
          let pause = gap / 2 + Int64(chance.next() % UInt64(gap + 1))
          try? await scheduler.sleep(until: scheduler.now + pause)
          group.addTask { await self.command() }
        }
      }
    }
    watch.cancel()
    await watch.value
  }

  private func command() async {
    let asked = scheduler.now
    let latency = plan.latency
    do throws(RPCError) {
      try await pool.withReplica(for: "order-\(chance.next())", .fresh) {
        (replica) throws(RPCError) in
        outcome.waits.append((.nanoseconds(asked), .nanoseconds(scheduler.now - asked)))
        try await replica.work(for: latency)
      }
      outcome.completed += 1
    } catch {
      outcome.refused += 1
    }
  }

  private func watch() async {
    var ticks = 0
    while !Task.isCancelled {
      let next = scheduler.now + PoolAutoscaler.tickInterval.nanoseconds
      guard (try? await scheduler.sleep(until: next)) != nil else { return }
      autoscaler.tick()
      ticks += 1
      guard ticks.isMultiple(of: 2) else { continue }
      let reading = pool.control.reading()
      outcome.points.append(
        Point(
          at: .nanoseconds(scheduler.now), replicas: reading.replicas, waiting: reading.waiting,
          shed: reading.shed, queueWait: reading.queueWait))
    }
  }

  private func sumUp() {
    var wasUp: Bool?
    for (before, after) in zip(outcome.points, outcome.points.dropFirst()) {
      outcome.replicaSeconds += Double(before.replicas) * 0.1
      guard before.replicas != after.replicas else { continue }
      let isUp = after.replicas > before.replicas
      if let wasUp, wasUp != isUp { outcome.turns += 1 }
      wasUp = isUp
    }
  }
}

/// A replica whose commands only take their time.
actor IdleReplica {
  private let scheduler: Scheduler
  private nonisolated let executor: ReplicaExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  init(_ scheduler: Scheduler, executor: ReplicaExecutor) {
    self.scheduler = scheduler
    self.executor = executor
  }

  func work(for duration: Duration) async throws(RPCError) {
    do { try await scheduler.sleep(until: scheduler.now + duration.nanoseconds) } catch {
      throw RPCError(wrapping: error)
    }
  }
}
