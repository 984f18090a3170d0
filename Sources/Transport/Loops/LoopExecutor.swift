import Glibc
public import NIOCore
import Synchronization

/// An event loop for Swift concurrency: actors pinned to it and tasks that prefer it run on its
/// thread, one job after the other.
///
/// NIO's own executor of a loop is a serial one only. A task that prefers no executor goes by way of
/// the global pool whenever a continuation resumes it: two changes of thread before it is back on
/// its loop. One that prefers this goes on where it was.
public final class LoopExecutor: SerialExecutor, TaskExecutor {
  public let eventLoop: any EventLoop
  private let arrived = Mutex<[UnownedJob]>([])
  // Both belong to the loop's thread.
  nonisolated(unsafe) private var here: [UnownedJob] = []
  nonisolated(unsafe) private var number: Int?

  private init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // One task of the loop for all jobs that wait.
    if eventLoop.inEventLoop {
      here.append(job)
      if here.count == 1 { eventLoop.execute { self.runHere() } }
    } else {
      let isFirst = arrived.withLock { arrived in
        arrived.append(job)
        return arrived.count == 1
      }
      if isFirst { eventLoop.execute { self.runArrived() } }
    }
  }

  private func runHere() {
    var jobs: [UnownedJob] = []
    swap(&jobs, &here)
    for job in jobs { run(job) }
  }

  private func runArrived() {
    var jobs: [UnownedJob] = []
    arrived.withLock { swap(&jobs, &$0) }
    for job in jobs { run(job) }
  }

  /// Runs a job now. On the loop only.
  func run(_ job: UnownedJob) {
    job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    UnownedTaskExecutor(ordinary: self)
  }

  public func checkIsolated() { eventLoop.preconditionInEventLoop() }
}

// MARK: - Which one

extension LoopExecutor {
  /// Of a thread that runs an event loop: its executor, retained.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { raw in
      if let raw { Unmanaged<LoopExecutor>.fromOpaque(raw).release() }
    }
    return status == 0 ? key : nil
  }()

  /// That of `eventLoop`, on which this is to be called: one for each loop, as long as its thread
  /// lives.
  public static func of(_ eventLoop: any EventLoop) -> LoopExecutor {
    eventLoop.preconditionInEventLoop()
    guard let key else { return LoopExecutor(eventLoop) }
    let before = pthread_getspecific(key).map { Unmanaged<LoopExecutor>.fromOpaque($0) }
    if let known = before?.takeUnretainedValue(), known.eventLoop === eventLoop { return known }
    let made = LoopExecutor(eventLoop)
    pthread_setspecific(key, Unmanaged.passRetained(made).toOpaque())
    before?.release()
    return made
  }

  /// Those of all loops of a group, in its order and numbered by it.
  public static func all(of group: any EventLoopGroup) async throws -> [LoopExecutor] {
    var executors: [LoopExecutor] = []
    for (number, eventLoop) in group.makeIterator().enumerated() {
      executors.append(
        try await eventLoop.submit {
          let executor = of(eventLoop)
          executor.number = number
          return executor
        }.get())
    }
    return executors
  }

  /// The number of the loop on whose thread this is called; nil elsewhere, and where nobody has
  /// numbered the loops.
  public static var currentNumber: Int? {
    guard let key, let raw = pthread_getspecific(key) else { return nil }
    return Unmanaged<LoopExecutor>.fromOpaque(raw)._withUnsafeGuaranteedRef { $0.number }
  }
}
