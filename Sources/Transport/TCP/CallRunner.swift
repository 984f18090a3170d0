import NIOCore

/// Runs handlers on the connection's event loop: an actor whose executor is that
/// loop, and tasks that prefer it, so that a service pinned to the same loop costs no hop.
///
/// A task that has run a call parks and takes the next one, which saves making
/// a task per call. A task that was told to stop is not used again, so that a
/// late cancel never meets another call.
actor CallRunner {
  /// Tasks that wait for work, at most.
  static let idleCountMax = 64

  private let session: ServerSession
  private nonisolated let executor: LoopExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  private var idle: [CallWorker] = []
  private var isClosed = false

  init(eventLoop: any EventLoop, session: ServerSession) {
    self.session = session
    executor = LoopExecutor.of(eventLoop)
  }

  /// Handles what was received up to now and starts the calls in it. On the event loop only.
  nonisolated func receive(at now: MonotonicInstant) {
    assumeIsolated { runner in
      while let start = runner.session.next(at: now) { runner.begin(start) }
      guard let claim = runner.session.takeClaim() else { return }
      // Unstructured for the same reason as a call's task; the time for the hello bounds how long
      // anybody waits for it, and once the connection is gone it changes nothing.
      Task { await runner.session.verify(claim) }
    }
  }

  /// No further calls will come; lets the parked tasks end. On the event loop only.
  nonisolated func close() {
    assumeIsolated { runner in
      runner.isClosed = true
      while let worker = runner.idle.popLast() {
        if let job = worker.takeJob() { runner.executor.run(job) }
      }
    }
  }

  private func begin(_ start: ServerSession.Start) {
    if let worker = idle.popLast(), let task = worker.task, let job = worker.takeJob() {
      session.attach(task, to: start.call)
      worker.next = start
      executor.run(job)
      return
    }
    let worker = CallWorker()
    worker.next = start
    // Unstructured, because a call outlives the turn of the loop that read it
    // and NIO's callbacks have no parent task. The session holds it while it runs a
    // call: it is cancelled by the client's cancel, by the deadline and with the
    // connection. While it is parked, `close` ends it.
    let task = Task(executorPreference: executor) { await self.work(worker) }
    worker.task = task
    session.attach(task, to: start.call)
  }

  private func work(_ worker: CallWorker) async {
    var next = worker.takeNext()
    // A task for each call that comes while all are busy: those of one turn of the loop all run
    // before anything of what they answer is sent.
    if let start = next, await !session.waitForRoom(of: start.call) {
      session.finish(
        start.call,
        .end(RPCError(code: .cancelled, message: "stopped before it was begun", unprocessed: true)))
      worker.task = nil
      return
    }
    while let start = next {
      let wasStopped = await session.run(start.call, payload: start.payload)
      if wasStopped || isClosed || idle.count >= Self.idleCountMax { break }
      idle.append(worker)
      next = await worker.park()
    }
    worker.task = nil
  }
}

/// A task that runs one call after the other, and the place where it waits between them.
///
/// A task resumed from a continuation waits for its executor's turn. Parking is
/// instead "running" on an executor that only keeps the job; the runner runs
/// that job itself, as the loop's executor would, so that the task goes on at
/// once and in place.
actor CallWorker: SerialExecutor {
  // Everything here is touched on the connection's event loop only: by the runner, and by
  // its tasks, which park from there.
  nonisolated(unsafe) var task: Task<Void, Never>?
  nonisolated(unsafe) var next: ServerSession.Start?
  nonisolated(unsafe) private var job: UnownedJob?

  nonisolated var unownedExecutor: UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  nonisolated func enqueue(_ job: consuming ExecutorJob) {
    self.job = UnownedJob(job)
  }

  /// Returns once someone runs what `takeJob` gave, with the next call if there is one. Not
  /// inlined and not empty, or the optimizer would leave the way here out.
  @inline(never)
  func park() -> ServerSession.Start? { next.take() }

  nonisolated func takeNext() -> ServerSession.Start? { next.take() }

  nonisolated func takeJob() -> UnownedJob? { job.take() }
}
