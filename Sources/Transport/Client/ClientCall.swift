import Synchronization

/// One call a client waits for, and the place where its caller waits.
///
/// A caller resumed from a continuation goes by way of the global pool to its
/// actor: two changes of thread. Waiting here is instead "running" on an
/// executor that only keeps the job; whoever brings the answer runs it, and the
/// caller goes on where it belongs: in place if that is the executor at hand.
actor ClientCall: SerialExecutor {
  /// `distantFuture` if there is none.
  nonisolated let deadline: MonotonicInstant
  /// nil for a unary call.
  nonisolated let inbox: StreamInbox?
  /// 0 until the call has begun. Safe because it is touched only under the lock of the session
  /// that the call is begun on.
  nonisolated(unsafe) var id: UInt64 = 0
  /// Stream messages that the server was granted when the call began, as safe as `id`: it is set
  /// with it and stays.
  nonisolated(unsafe) var creditGranted: UInt32 = 0

  private struct Waiting {
    var job: UnownedJob?
    var result: Result<[UInt8], RPCError>?
  }

  private nonisolated let waiting = Mutex(Waiting())

  init(deadline: MonotonicInstant, inbox: StreamInbox? = nil) {
    self.deadline = deadline
    self.inbox = inbox
  }

  nonisolated var isStream: Bool { inbox != nil }

  /// The call is over. Success means a unary answer, or a stream that ended well.
  /// `executor` is the one this is called on, if any: a caller that belongs there goes on now.
  nonisolated func finish(
    _ result: Result<[UInt8], RPCError>, on executor: LoopExecutor?
  ) {
    guard let inbox else {
      let job = waiting.withLock { waiting in
        waiting.result = result
        return waiting.job.take()
      }
      guard let job else { return }
      if let executor { executor.run(job) } else { job.runSynchronously(on: unownedExecutor) }
      return
    }
    switch result {
    case .success: inbox.finish(nil)
    case .failure(let error): inbox.finish(error)
    }
  }

  /// The answer of a unary call, once it is there.
  nonisolated(nonsending)
    func result() async -> Result<[UInt8], RPCError>
  {
    await arrive()
      ?? .failure(RPCError(code: .internal, message: "a call that ended without a result"))
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  nonisolated func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isDone = waiting.withLock { waiting in
      if waiting.result == nil { waiting.job = job }
      return waiting.result != nil
    }
    if isDone { job.runSynchronously(on: unownedExecutor) }
  }

  /// Getting here is the wait. Not inlined and not empty, or the optimizer would leave the way
  /// here out.
  @inline(never)
  private func arrive() -> Result<[UInt8], RPCError>? {
    waiting.withLock { $0.result.take() }
  }
}
