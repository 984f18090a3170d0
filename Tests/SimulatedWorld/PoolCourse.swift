import Journal
import Resilience
import Services
import Transport

/// A pool that is resized again and again while commands for a few aggregates run through it, some of
/// them given up, in virtual time from a seed.
package final class PoolCourse: @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.

  /// How a course went.
  package struct Outcome: Sendable {
    package let seed: UInt64
    /// What no course may show.
    package let problems: [String]
    package let committed: Int
    package let refused: Int
    package let resizes: Int
    /// The same for every run of this seed.
    package let hash: UInt64
  }

  private enum Answer { case done, refused, unknown }

  private let seed: UInt64
  private let scheduler: Scheduler
  private let trace = Trace(notesMax: 0)
  private let loops: [LoopExecutor]
  private let journal: MemoryJournal
  private let pool: ReplicaPool<MarkReplica>
  private var answers: [String: Answer] = [:]
  /// The latest version that somebody was told of, by aggregate.
  private var told: [String: StreamVersion] = [:]
  private var problems: [String] = []
  private var resizes = 0
  private var isOver = false

  private static let replicasMax = 6
  private static let capacityPerReplica = 3
  private static let askers = 12
  private static let commandsEach = 15
  private static let keys = ["a", "b", "c", "d"]

  /// - Parameter sharesMemory: false plants a bug: replicas that know nothing of each other's turns.
  package static func run(seed: UInt64, sharesMemory: Bool = true) -> Outcome {
    let course = PoolCourse(seed: seed, sharesMemory: sharesMemory)
    let root = Task(executorPreference: course.loops[0]) { await course.play() }
    let isDone = course.scheduler.run(until: 3_600_000_000_000, stepsMax: 1_000_000)
    if !isDone || !course.isOver { course.problems.append("the course does not end") }
    let outcome = course.outcome()
    root.cancel()
    course.scheduler.end(course.loops)
    return outcome
  }

  private init(seed: UInt64, sharesMemory: Bool) {
    self.seed = seed
    let scheduler = Scheduler(seed: seed, trace: trace)
    self.scheduler = scheduler
    let loops = (0..<3).map { LoopExecutor(scheduler, number: $0) }
    self.loops = loops
    let disk = Chance(seed: seed, "disk")
    var options = MemoryJournal.Options()
    options.partitionCount = 2
    options.flush = .after {
      let latency = disk.duration(.zero...(.milliseconds(4))).nanoseconds
      try? await scheduler.sleep(until: scheduler.now + latency)
    }
    let journal = MemoryJournal(name: "marks", epoch: JournalEpoch("e"), options: options) {
      WallTime(milliseconds: scheduler.now / 1_000_000)
    }
    self.journal = journal
    // Nobody decides again: a lost race shows.
    let limits = AggregateLimits(waitersPerAggregateMax: 1_000, attemptsMax: 1)
    let shared = AggregateMemory(limits, shards: 4)
    let replicas = (0..<Self.replicasMax).map { number in
      MarkReplica(
        journal, memory: sharesMemory ? shared : AggregateMemory(limits),
        executor: ReplicaExecutor(loops[number % loops.count]))
    }
    pool = ReplicaPool(
      service: "marks", replicas: replicas,
      limits: PoolLimits(
        minimum: 1, maximum: Self.replicasMax, capacityPerReplica: Self.capacityPerReplica,
        mailbox: MailboxPolicy(
          waitingMax: 8, reservedPercent: 20, target: .milliseconds(5),
          interval: .milliseconds(20))),
      clock: TransportClock(
        now: { .init(nanoseconds: scheduler.now) },
        sleep: { try await scheduler.sleep(until: $0.nanoseconds) }))
  }

  private func play() async {
    await withTaskGroup(of: Void.self) { group in
      for asker in 0..<Self.askers { group.addTask { await self.ask(as: asker) } }
      let around = Task(executorPreference: loops[1]) { await self.shake() }
      await group.waitForAll()
      around.cancel()
      await around.value
    }
    await check()
    isOver = true
  }

  /// Grows, shrinks and ticks, at times of the seed's choosing.
  private func shake() async {
    let chance = Chance(seed: seed, "shake")
    while !Task.isCancelled {
      let pause = chance.duration(.microseconds(100)...(.milliseconds(5)))
      guard (try? await scheduler.sleep(until: scheduler.now + pause.nanoseconds)) != nil else {
        return
      }
      if chance.perMille(700) {
        pool.control.resize(to: chance.number(1...Self.replicasMax))
        resizes += 1
      }
      pool.control.tick()
    }
  }

  /// One who gives commands, each after the one before was answered.
  private func ask(as asker: Int) async {
    let chance = Chance(seed: seed, "asker \(asker)")
    for number in 0..<Self.commandsEach {
      let key = chance.pick(Self.keys)
      let mark = "\(asker).\(number)"
      let work = PoolWork.own(chance.pick(WorkClass.allCases))
      let isGivenUp = chance.perMille(80)
      let patience = chance.duration(.zero...(.milliseconds(6)))
      let task = Task(executorPreference: loops[asker % loops.count]) {
        await self.give(mark, to: key, work)
      }
      if isGivenUp {
        scheduler.after(patience) { task.cancel() }
      }
      answers[mark] = await task.value
      if chance.perMille(300) { await look(at: key) }
    }
  }

  private func give(_ mark: String, to key: String, _ work: PoolWork) async -> Answer {
    do throws(RPCError) {
      let version = try await pool.withReplica(for: key, work) {
        (replica) throws(RPCError) in
        try await replica.add(mark, to: key)
      }
      told[key] = max(told[key] ?? .none, version)
      return .done
    } catch {
      if error.unprocessed { return .refused }
      if error.code != .cancelled { problems.append("\(mark) to \(key): \(error)") }
      return .unknown
    }
  }

  /// Whoever looks sees at least what somebody was told before.
  private func look(at key: String) async {
    let least = told[key] ?? .none
    do throws(RPCError) {
      let seen = try await pool.withReplica(for: key, .settling) { (replica) throws(RPCError) in
        try await replica.version(of: key)
      }
      if seen < least { problems.append("\(key) is seen at \(seen) after \(least) was told") }
    } catch {
      if !error.unprocessed { problems.append("a look at \(key): \(error)") }
    }
  }

  private func check() async {
    var seen: [String: Int] = [:]
    for key in Self.keys {
      guard let loaded = try? await journal.load(MarkReplica.stream(key)) else {
        problems.append("\(key) cannot be read")
        continue
      }
      var last: [Int: Int] = [:]
      for event in loaded.events {
        let mark = String(decoding: event.payload, as: UTF8.self)
        seen[mark, default: 0] += 1
        let parts = mark.split(separator: ".").compactMap { Int($0) }
        if let before = last[parts[0]], before > parts[1] {
          problems.append("\(key): \(mark) comes after \(parts[0]).\(before)")
        }
        last[parts[0]] = parts[1]
      }
    }
    for (mark, answer) in answers.sorted(by: { $0.key < $1.key }) {
      let times = seen[mark, default: 0]
      switch answer {
      case .done where times != 1: problems.append("\(mark) was done, and is there \(times) times")
      case .refused where times != 0: problems.append("\(mark) was refused, and is there")
      case .unknown where times > 1: problems.append("\(mark) is there \(times) times")
      default: break
      }
    }
    let reading = pool.control.reading()
    if reading.inFlight != 0 || reading.waiting != 0 || pool.control.slotsMoving != 0 {
      problems.append("something is left in the pool: \(reading)")
    }
    if reading.completed + reading.shed > reading.arrived {
      problems.append("more has left the pool than came: \(reading)")
    }
  }

  private func outcome() -> Outcome {
    Outcome(
      seed: seed, problems: problems, committed: answers.values.count { $0 == .done },
      refused: answers.values.count { $0 == .refused }, resizes: resizes, hash: trace.hash)
  }
}

/// A replica whose aggregates are lists of marks.
actor MarkReplica {
  private enum Marks: EventSourced {
    static let category = "marks"
    static let initial = 0
    static func evolve(_ state: Int, _ event: String) -> Int { state + 1 }
  }

  private struct Codec: EventCodec {
    func encode(_ event: String) -> EncodedEvent {
      EncodedEvent(type: "baedal.test.v1.Marked", payload: Array(event.utf8))
    }

    func decode(type: String, payload: [UInt8]) -> String {
      String(decoding: payload, as: UTF8.self)
    }
  }

  private enum Never: Error {}

  private let runtime: AggregateRuntime<Marks, Codec, MemoryJournal>
  private nonisolated let executor: ReplicaExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  init(_ journal: MemoryJournal, memory: AggregateMemory, executor: ReplicaExecutor) {
    runtime = AggregateRuntime(journal: journal, codec: Codec(), memory: memory)
    self.executor = executor
  }

  static func stream(_ key: String) -> StreamKey { StreamKey(category: Marks.category, id: key) }

  /// Answers with the aggregate's version after it.
  func add(_ mark: String, to key: String) async throws(RPCError) -> StreamVersion {
    do throws(ExecutionError<Never>) {
      return try await runtime.execute(key) { (_) throws(Never) in
        Decision([mark], metadata: EventMetadata(correlationID: key, causationID: mark))
      }.snapshot.version
    } catch {
      switch error {
      case .failed(let failure): throw RPCError(failure)
      }
    }
  }

  func version(of key: String) async throws(RPCError) -> StreamVersion {
    do throws(AggregateError) { return try await runtime.peek(key).version } catch {
      throw RPCError(error)
    }
  }
}
