/// An event loop of a simulated node: actors pinned to it and tasks that prefer it run here, one job
/// after the other. When its node crashes it dies, and what was to run is never run.
package final class LoopExecutor: TaskExecutor, SerialExecutor, @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread, as the scheduler does.
  let scheduler: Scheduler
  /// Tells it apart in traces.
  let number: Int
  var isDead = false
  /// Jobs that it has got since it died.
  var buried: [UnownedJob] = []
  /// Its machine sleeps: jobs wait, and time passes.
  var isFrozen = false
  var held: [UnownedJob] = []
  /// So many more jobs until it calls `onBlown` instead of running one.
  var fuse: Int?
  var onBlown: () -> Void = {}

  init(_ scheduler: Scheduler, number: Int) {
    self.scheduler = scheduler
    self.number = number
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    scheduler.enqueue(UnownedJob(job), on: self)
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    UnownedTaskExecutor(ordinary: self)
  }

  /// Whether its next job may run: not if it is dead, or dies of it.
  func mayRun() -> Bool {
    if isDead { return false }
    guard let fuse else { return true }
    self.fuse = fuse > 0 ? fuse - 1 : nil
    guard fuse == 0 else { return true }
    onBlown()
    return !isDead
  }
}
