import NIOCore

/// Runs handlers on the connection's event loop: an actor whose executor is that
/// loop, so that a service pinned to the same loop costs no hop.
///
/// A task that has run a call waits for the next one instead of ending, which
/// saves making a task per call. A task that was told to stop is not used again,
/// so that a late cancel never meets another call.
actor CallRunner {
  /// Tasks that wait for work, at most.
  static let idleCountMax = 64

  /// One task and what it waits with.
  private final class Worker {
    var task: Task<Void, Never>?
    var waiting: UnsafeContinuation<ServerSession.Start?, Never>?
  }

  private let eventLoop: any EventLoop
  private let session: ServerSession
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private var idle: [Worker] = []
  private var isClosed = false

  init(eventLoop: any EventLoop, session: ServerSession) {
    self.eventLoop = eventLoop
    self.session = session
    unownedExecutor = eventLoop.executor.asUnownedSerialExecutor()
  }

  /// Handles what was received up to now and starts the calls in it. On the event loop only.
  nonisolated func receive(at now: MonotonicInstant) {
    assumeIsolated { runner in
      while let start = runner.session.next(at: now) { runner.begin(start) }
    }
  }

  /// No further calls will come; lets the waiting tasks end. On the event loop only.
  nonisolated func close() {
    assumeIsolated { runner in
      runner.isClosed = true
      let idle = runner.idle
      runner.idle = []
      for worker in idle { worker.waiting.take()?.resume(returning: nil) }
    }
  }

  private func begin(_ start: ServerSession.Start) {
    if let worker = idle.popLast(), let waiting = worker.waiting.take(), let task = worker.task {
      session.attach(task, to: start.call)
      waiting.resume(returning: start)
      return
    }
    let worker = Worker()
    // Unstructured, because a call outlives the turn of the loop that read it
    // and NIO's callbacks have no parent task. The session holds it while it runs a
    // call: it is cancelled by the client's cancel, by the deadline and with the
    // connection. While it waits, `close` ends it.
    let task = Task { await self.work(start, as: worker) }
    worker.task = task
    session.attach(task, to: start.call)
  }

  private func work(_ first: ServerSession.Start, as worker: Worker) async {
    var next: ServerSession.Start? = first
    while let start = next {
      let wasStopped = await session.run(start.call, payload: start.payload)
      if wasStopped || isClosed || idle.count >= Self.idleCountMax { break }
      next = await withUnsafeContinuation { waiting in
        worker.waiting = waiting
        idle.append(worker)
      }
    }
    worker.task = nil
  }
}
