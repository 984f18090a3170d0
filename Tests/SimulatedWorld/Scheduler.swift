import Glibc
import Resilience

/// Runs every job of a simulated world in one thread, in an order that follows from a seed, and
/// owns its time: that stands still while there is anything to do.
///
/// Everything here belongs to the thread that made it. That is checked whenever a job arrives, since
/// one that comes from elsewhere means that something has left the simulation.
package final class Scheduler: @unchecked Sendable {
  private struct Ready {
    let executor: LoopExecutor
    let job: UnownedJob
  }

  /// Nanoseconds since the world began.
  package private(set) var now: Int64 = 0
  /// Jobs run so far.
  package private(set) var steps = 0
  package let trace: Trace
  private var ready: [Ready] = []
  private var timers = TimerQueue()
  private var random: SplitMix64
  private var sleepers: [UInt64: UnsafeContinuation<Bool, Never>] = [:]
  private var lastSleeper: UInt64 = 0
  /// Set while the world is taken down: sleeping ends at once.
  private var isEnding = false
  private let seed: UInt64
  private let thread = pthread_self()

  init(seed: UInt64, trace: Trace) {
    self.seed = seed
    random = SplitMix64(seed: seed)
    self.trace = trace
  }

  /// A job of an executor is ready. One whose executor has died is kept until the end of the world
  /// and not run.
  func enqueue(_ job: UnownedJob, on executor: LoopExecutor) {
    precondition(
      pthread_equal(thread, pthread_self()) != 0, "seed \(seed): a job has left the simulation")
    if executor.isDead {
      executor.buried.append(job)
    } else if executor.isFrozen {
      executor.held.append(job)
    } else {
      ready.append(Ready(executor: executor, job: job))
    }
  }

  /// A machine wakes up: what has waited is ready.
  func thaw(_ executor: LoopExecutor) {
    executor.isFrozen = false
    let held = executor.held
    executor.held = []
    for job in held { enqueue(job, on: executor) }
  }

  /// Calls `body` at that time, or at once when it is past, between two jobs.
  func at(_ time: Int64, _ body: @escaping () -> Void) {
    timers.add(max(time, now), body)
  }

  func after(_ duration: Duration, _ body: @escaping () -> Void) {
    at(now + duration.nanoseconds, body)
  }

  /// Runs until nothing is left to do before `end`, and moves the time there. False when more than
  /// `stepsMax` jobs were run without getting there.
  func run(until end: Int64, stepsMax: Int) -> Bool {
    let last = steps + stepsMax
    while steps < last {
      if !ready.isEmpty {
        runOne()
      } else if let timer = timers.next(upTo: end) {
        now = timer.time
        timer.body()
      } else {
        now = end
        return true
      }
    }
    return false
  }

  private func runOne() {
    let index = Int(random.next() % UInt64(ready.count))
    let next = ready[index]
    ready[index] = ready[ready.count - 1]
    ready.removeLast()
    steps += 1
    guard !next.executor.isFrozen else { return next.executor.held.append(next.job) }
    guard next.executor.mayRun() else { return next.executor.buried.append(next.job) }
    trace.step(index, of: ready.count, on: next.executor.number, at: now)
    next.job.runSynchronously(
      isolatedTo: next.executor.asUnownedSerialExecutor(),
      taskExecutor: next.executor.asUnownedTaskExecutor())
  }
}

// MARK: - Sleeping

extension Scheduler {
  /// Returns at that time; throws when the task is cancelled before.
  func sleep(until time: Int64) async throws {
    guard time > now else { return try Task.checkCancellation() }
    lastSleeper += 1
    let number = lastSleeper
    let isOver = await withTaskCancellationHandler {
      await withUnsafeContinuation { (sleeper: UnsafeContinuation<Bool, Never>) in
        if Task.isCancelled || isEnding { return sleeper.resume(returning: false) }
        sleepers[number] = sleeper
        at(time) { self.sleepers.removeValue(forKey: number)?.resume(returning: true) }
      }
    } onCancel: {
      self.sleepers.removeValue(forKey: number)?.resume(returning: false)
    }
    if !isOver { throw CancellationError() }
  }
}

// MARK: - The end

extension Scheduler {
  /// Lets everything that still waits run to its end, so that nothing of a world outlives it: dead
  /// executors come back to unwind. Call it once what is to be checked has been checked.
  func end(_ executors: [LoopExecutor]) {
    isEnding = true
    timers.removeAll()
    for executor in executors {
      executor.isDead = false
      executor.fuse = nil
      thaw(executor)
      for job in executor.buried { enqueue(job, on: executor) }
      executor.buried = []
    }
    for number in sleepers.keys.sorted() {
      sleepers.removeValue(forKey: number)?.resume(returning: false)
    }
    _ = run(until: now, stepsMax: 1_000_000)
  }
}

/// What is to be called when, earliest first; what is due at the same time in the order of asking.
private struct TimerQueue {
  struct Entry {
    let time: Int64
    let number: UInt64
    let body: () -> Void

    func isBefore(_ other: Entry) -> Bool {
      time == other.time ? number < other.number : time < other.time
    }
  }

  private var heap: [Entry] = []
  private var count: UInt64 = 0

  mutating func removeAll() { heap = [] }

  mutating func add(_ time: Int64, _ body: @escaping () -> Void) {
    count += 1
    heap.append(Entry(time: time, number: count, body: body))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next(upTo end: Int64) -> Entry? {
    guard let first = heap.first, first.time <= end else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      guard least != parent else { return first }
      heap.swapAt(least, parent)
      parent = least
    }
  }
}

extension Duration {
  /// Whole nanoseconds; simulated durations are hours at most.
  var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
