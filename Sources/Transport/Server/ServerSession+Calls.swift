import Messages
import NIOCore
import Synchronization

// MARK: - What handlers do

extension ServerSession {
  enum ItemResult {
    case sent
    case wait
    case gone(RPCError)
  }

  /// Runs a call's handler to its end, in a task that the driver chooses. True if the call was
  /// stopped: then that task is cancelled, or will be.
  @discardableResult
  nonisolated(nonsending)
    func run(_ call: ServerCall, payload: [UInt8]) async -> Bool
  {
    let context = CallContext(call)
    do throws(RPCError) {
      if call.deadline != .distantFuture, call.deadline <= clock.now() {
        throw RPCError(
          code: .deadlineExceeded, message: "the deadline passed before the call was begun",
          unprocessed: true)
      }
      if var error = call.connection.problem?(clock.now()) {
        error.unprocessed = true
        throw error
      }
      try router.authorize(context, payload)
      switch call.route {
      case .unary(let handle):
        return finish(call, .reply(try await handle(payload, context)))
      case .serverStream(let handle):
        try await handle(payload, context, ItemWriter(call: call, session: self))
        return finish(call, .end(nil))
      }
    } catch {
      onFailure(context, error)
      return finish(call, .end(error))
    }
  }

  /// Answers a call, once. True if it had been stopped before.
  @discardableResult
  func finish(_ call: ServerCall, _ outcome: ServerConnection.Outcome) -> Bool {
    var stops = Stops()
    var isWakeNeeded = false
    let wasStopped = core.withLock { core in
      let wasStopped = call.work.isStopped
      // Its task is ending the call by itself: nothing to cancel any more.
      call.work.task = nil
      core.stop(call, &stops)
      _ = core.perform(core.machine.finish(call.id, outcome), &stops)
      isWakeNeeded = core.takeWake()
      return wasStopped
    }
    // Not when its caller hangs up: until now the handler had the request.
    budgets.requests.giveBack(call.requestBytes)
    stops.run()
    if isWakeNeeded { wake() }
    return wasStopped
  }

  /// Notes the task that runs a call, so that it can be cancelled.
  func attach(_ task: Task<Void, Never>, to call: ServerCall) {
    let isStopped = core.withLock { _ in
      if !call.work.isStopped { call.work.task = task }
      return call.work.isStopped
    }
    // Cancelling a task that has ended does nothing.
    if isStopped { task.cancel() }
  }

  func sendItem(_ payload: [UInt8], of call: ServerCall) -> ItemResult {
    var stops = Stops()
    var isWakeNeeded = false
    let result = core.withLock { core -> ItemResult in
      if call.work.isStopped {
        return .gone(RPCError(code: .cancelled, message: "nobody takes this stream any more"))
      }
      guard core.isWritable, !core.isFull else { return .wait }
      switch core.machine.sendItem(payload, of: call.id) {
      case .wait: return .wait
      case .gone(let error): return .gone(error)
      case .send(let frame):
        _ = core.perform(.send(frame), &stops)
        isWakeNeeded = core.takeWake()
        return .sent
      }
    }
    stops.run()
    if isWakeNeeded { wake() }
    return result
  }

  /// Returns when it is worth trying to send again; also when the call was stopped.
  nonisolated(nonsending)
    func waitForCredit(of call: ServerCall) async
  {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let isReady = core.withLock { core in
        if call.work.isStopped || core.canSendItem(of: call.id) { return true }
        // One writer at a time is the contract; a second one sends the first to try again.
        let other = call.work.writer
        call.work.writer = continuation
        other?.resume()
        return false
      }
      if isReady { continuation.resume() }
    }
  }

  /// Returns when there is room for what a call will answer, which has not begun. Of many that came
  /// at once the first may fill it before the others have their turn. False when the call was
  /// stopped meanwhile: then it is not to begin.
  nonisolated(nonsending)
    func waitForRoom(of call: ServerCall) async -> Bool
  {
    var hasWaited = false
    while core.withLock({ core in core.isFull && !call.work.isStopped }) {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isReady = core.withLock { core in
          if call.work.isStopped || !core.isFull { return true }
          call.work.writer = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
      hasWaited = true
    }
    return !hasWaited || core.withLock { _ in !call.work.isStopped }
  }

  /// Returns once the call is to stop: for a driver that cannot cancel its task from outside.
  nonisolated(nonsending)
    func waitForStop(of call: ServerCall) async
  {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isStopped = core.withLock { _ in
          if call.work.isStopped || Task.isCancelled { return true }
          call.work.stopWaiter = continuation
          return false
        }
        if isStopped { continuation.resume() }
      }
    } onCancel: {
      let waiter = core.withLock { _ in call.work.stopWaiter.take() }
      waiter?.resume()
    }
  }
}

// MARK: - Under the lock

extension ServerSession.Core {
  mutating func perform(
    _ action: ServerConnection.Action, _ stops: inout ServerSession.Stops
  ) -> ServerSession.Start? {
    switch action {
    case .none:
      break
    case .send(let frame):
      write(frame, &stops)
    case .verify(let credentials, let peer):
      claim = ServerSession.Claim(credentials: credentials, peer: peer)
    case .start(let call, let payload):
      return ServerSession.Start(call: call, payload: payload)
    case .stop(let call):
      stop(call, &stops)
    case .answerAndStop(let answers):
      for (answer, call) in answers {
        write(answer, &stops)
        stop(call, &stops)
      }
    case .resume(let call):
      resumeWriter(of: call, &stops)
    case .close(let frame):
      if let frame { _ = FrameCodec.append(frame, to: &outbound) }
      parser.release()
      _ = machine.hold(0)
      stopAll(&stops)
      // The driver is to know, though it may not have taken what it was woken for.
      isWakeArmed = true
    }
    return nil
  }

  /// Appends a frame. A client that does not read is hung up on before it costs too much.
  private mutating func write(_ frame: Frame.Kind, _ stops: inout ServerSession.Stops) {
    if !FrameCodec.append(frame, to: &outbound) {
      _ = perform(machine.violate(.violation("an answer could not be encoded")), &stops)
    } else if !recount() {
      outbound = ByteBuffer()
      recount()
      machine.refusal = Self.overflow
      _ = perform(machine.disconnected(), &stops)
    }
  }

  static var overflow: RPCError {
    RPCError(code: .resourceExhausted, message: "too much that the client does not take")
  }

  /// Counts what is unsent now, here or in the transport, beyond what is free for everybody. False
  /// when it has become too much: for one connection, or for all together where this one's client
  /// takes no more; one whose client takes it is not to pay for others.
  @discardableResult
  mutating func recount() -> Bool {
    let unsent = outbound.readableBytes + heldBytes
    let counted = max(0, unsent - machine.limits.outboundBytesHigh)
    guard counted != countedBytes else { return true }
    let isThere = budget.recount(from: countedBytes, to: counted)
    countedBytes = counted
    return unsent <= machine.limits.outboundBytesMax && (isThere || isWritable)
  }

  /// Whether writers are to wait until the driver has taken what is unsent.
  var isFull: Bool { outbound.readableBytes >= machine.limits.outboundBytesHigh }

  var isAtEnd: Bool { !isEndReported && (machine.phase == .closed || machine.isDrained) }

  /// Whether to wake the driver: something to write or to end, and not told yet.
  mutating func takeWake() -> Bool {
    guard isWakeArmed, outbound.readableBytes > 0 || isAtEnd else { return false }
    isWakeArmed = false
    return true
  }

  func canSendItem(of id: UInt64) -> Bool {
    guard isWritable, !isFull, let entry = machine.calls[id] else { return false }
    return entry.credit > 0
  }

  func resumeWriter(of call: ServerCall, _ stops: inout ServerSession.Stops) {
    if let writer = call.work.writer.take() { stops.waiters.append(writer) }
  }

  func resumeWriters(_ stops: inout ServerSession.Stops) {
    for entry in machine.calls.values { resumeWriter(of: entry.call, &stops) }
  }

  func stop(_ call: ServerCall, _ stops: inout ServerSession.Stops) {
    call.work.isStopped = true
    if let task = call.work.task.take() { stops.tasks.append(task) }
    if let waiter = call.work.stopWaiter.take() { stops.waiters.append(waiter) }
    resumeWriter(of: call, &stops)
  }

  mutating func stopAll(_ stops: inout ServerSession.Stops) {
    for call in machine.takeCalls() { stop(call, &stops) }
  }
}
