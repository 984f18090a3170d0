import Messages
import NIOCore
import Synchronization

/// One connection on a client: calls in, bytes out, bytes in, answers out.
///
/// It drives the state machine and owns the buffer of unsent bytes; its driver
/// (TCP or in-process) moves them. Any thread may call it.
public final class ClientSession: Sendable {
  struct Core: ~Copyable {
    var machine: ClientConnection
    var parser: FrameParser
    var outbound = ByteBuffer()
    /// Of the unsent bytes those that are no calls: a server that does not read can make them grow.
    var controlBytes = 0
    /// The driver has not been woken since it last took the bytes.
    var isWakeArmed = true
    var isEndReported = false
    /// Called once, when the server has accepted or refused the connection.
    var onOpen: (@Sendable (RPCError?) -> Void)?
  }

  /// Carried out after the lock is released, for it resumes foreign code.
  struct Effects: ~Copyable {
    var finished: [(call: ClientCall, error: RPCError)] = []
    var finishedOne: ClientCall?
    var result: Result<[UInt8], RPCError> = .success([])
    var delivered: (StreamInbox, [UInt8])?
    var opened: (@Sendable (RPCError?) -> Void)?
    var openError: RPCError?

    consuming func run(on executor: LoopExecutor?) {
      if let finishedOne { finishedOne.finish(result, on: executor) }
      if let (inbox, payload) = delivered { inbox.put(payload) }
      for (call, error) in finished { call.finish(.failure(error), on: executor) }
      if let opened { opened(openError) }
    }
  }

  let core: Mutex<Core>
  let clock: TransportClock
  /// Tells the driver that there are bytes to write or that the end has come. Called from any
  /// thread, at most once until the driver takes the bytes, and once more at the end.
  private let wake: @Sendable () -> Void

  init(
    configuration: ClientConfiguration, onOpen: @escaping @Sendable (RPCError?) -> Void,
    wake: @escaping @Sendable () -> Void
  ) {
    self.wake = wake
    clock = configuration.clock
    var core = Core(
      machine: ClientConnection(configuration: configuration, now: configuration.clock.now()),
      parser: FrameParser(frameBytesMax: configuration.limits.connection.frameBytesMax),
      onOpen: onOpen)
    _ = FrameCodec.append(core.machine.hello, to: &core.outbound)
    self.core = Mutex(core)
  }

  /// Whether a call may be begun now.
  public var isOpen: Bool { core.withLock { $0.machine.phase == .open } }
}

// MARK: - Calls

extension ClientSession {
  /// One unary call, from request bytes to answer bytes.
  nonisolated(nonsending)
    func unary(
      _ method: String, payload: [UInt8], options: CallOptions, deadline: MonotonicInstant
    ) async throws(RPCError) -> [UInt8]
  {
    guard !Task.isCancelled else {
      throw RPCError(code: .cancelled, message: "cancelled", unprocessed: true)
    }
    let call = ClientCall(deadline: deadline)
    if let refusal = begin(call, method, payload, options) { throw refusal }
    return try await withTaskCancellationHandler {
      await call.result()
    } onCancel: {
      cancel(call)
    }.get()
  }

  /// Begins a stream. What arrives is put into the call's inbox.
  func stream(
    _ method: String, payload: [UInt8], options: CallOptions, deadline: MonotonicInstant
  ) throws(RPCError) -> ClientCall {
    let call = ClientCall(deadline: deadline, inbox: StreamInbox())
    if let refusal = begin(call, method, payload, options) { throw refusal }
    return call
  }

  private func begin(
    _ call: ClientCall, _ method: String, _ payload: [UInt8], _ options: CallOptions
  ) -> RPCError? {
    let now = clock.now()
    var isWakeNeeded = false
    let refusal = core.withLock { core -> RPCError? in
      let earliest = core.machine.earliestDeadline
      switch core.machine.begin(call, method, payload: payload, options: options, at: now) {
      case .refuse(let error):
        return error
      case .send(let frame):
        guard FrameCodec.append(frame, to: &core.outbound) else {
          core.machine.calls[call.id] = nil
          return RPCError(
            code: .internal, message: "the request could not be encoded", unprocessed: true)
        }
        // For the driver's timer, though it may not have taken what it was woken for.
        if core.machine.earliestDeadline < earliest { core.isWakeArmed = true }
        isWakeNeeded = core.takeWake()
        return nil
      }
    }
    if isWakeNeeded { wake() }
    return refusal
  }

  /// The caller does not wait any longer.
  func cancel(_ call: ClientCall) {
    update { core, effects in
      let error = RPCError(code: .cancelled, message: "cancelled")
      core.perform(core.machine.cancel(call.id, error), &effects)
    }
  }

  /// The reader of a stream took that many messages.
  func grant(_ messages: UInt32, to call: ClientCall) {
    update { core, effects in
      core.perform(core.machine.grant(messages, to: call.id), &effects)
    }
  }
}

// MARK: - Bytes and time

extension ClientSession {
  /// Takes bytes that arrived and handles every whole frame in them. `executor` is the one this
  /// is called on, if any: callers that belong there go on before this returns.
  func receive(
    _ bytes: ByteBuffer, at now: MonotonicInstant, on executor: LoopExecutor? = nil
  ) {
    core.withLock { core in
      if core.machine.phase != .closed { core.parser.append(bytes) }
      core.machine.received(at: now)
    }
    var isMore = true
    while isMore {
      update(on: executor) { core, effects in
        do throws(WireError) {
          guard let frame = try core.parser.next(FrameCodec.decode) else {
            isMore = false
            return
          }
          core.perform(core.machine.receive(frame), &effects)
        } catch {
          isMore = false
          core.perform(core.machine.violate(error), &effects)
        }
      }
    }
  }

  /// Does what time makes due, and gives when to come again.
  func tick(at now: MonotonicInstant) -> MonotonicInstant {
    var next = MonotonicInstant.distantFuture
    var isMore = true
    while isMore {
      update { core, effects in
        let action = core.machine.tick(at: now)
        if case .none = action { isMore = false }
        core.perform(action, &effects)
        next = core.machine.nextTick()
      }
    }
    return next
  }

  /// When `tick` is due if nothing else happens.
  var nextTick: MonotonicInstant { core.withLock { $0.machine.nextTick() } }

  /// Moves all unsent bytes into `buffer` (which it empties first). False if there are none.
  func takeOutbound(into buffer: inout ByteBuffer) -> Bool {
    buffer.clear()
    return core.withLock { core in
      core.isWakeArmed = true
      guard core.outbound.readableBytes > 0 else { return false }
      core.controlBytes = 0
      swap(&core.outbound, &buffer)
      return true
    }
  }

  /// True once: when nothing will follow the bytes taken last, so that it is time to hang up.
  /// - Parameter dropping: the transport takes no bytes; once the connection is closed, what is
  ///   unsent is dropped.
  func takeEnd(dropping: Bool = false) -> Bool {
    core.withLock { core in
      guard core.isAtEnd else { return false }
      if dropping, core.machine.phase == .closed { core.outbound = ByteBuffer() }
      guard core.outbound.readableBytes == 0 else { return false }
      core.isEndReported = true
      return true
    }
  }

  /// Begins no further call and hangs up once those in flight have ended.
  func drain() {
    update { core, effects in core.perform(core.machine.drain(), &effects) }
  }

  /// The transport is gone, or never came about.
  func disconnected(_ error: RPCError) {
    update { core, effects in core.perform(core.machine.disconnected(error), &effects) }
  }

  private func update(
    on executor: LoopExecutor? = nil, _ body: (inout Core, inout Effects) -> Void
  ) {
    var effects = Effects()
    let isWakeNeeded = core.withLock { core in
      body(&core, &effects)
      return core.takeWake()
    }
    effects.run(on: executor)
    if isWakeNeeded { wake() }
  }
}

extension ClientSession.Core {
  mutating func perform(
    _ action: ClientConnection.Action, _ effects: inout ClientSession.Effects
  ) {
    switch action {
    case .none:
      break
    case .send(let frame):
      let before = outbound.readableBytes
      _ = FrameCodec.append(frame, to: &outbound)
      controlBytes += outbound.readableBytes - before
      guard controlBytes > machine.limits.controlBytesMax else { return }
      let error = RPCError(
        code: .unavailable, message: "the server asks for answers and does not take them")
      perform(machine.close(nil, error), &effects)
    case .opened:
      effects.opened = onOpen.take()
    case .deliver(let call, let payload):
      if let inbox = call.inbox { effects.delivered = (inbox, payload) }
    case .finish(let call, let result):
      effects.finishedOne = call
      effects.result = result
    case .fail(let failed, let frames):
      for frame in frames { _ = FrameCodec.append(frame, to: &outbound) }
      effects.finished += failed
    case .close(let frame, let failed, let error):
      if let frame { _ = FrameCodec.append(frame, to: &outbound) }
      effects.finished += failed
      effects.opened = onOpen.take()
      effects.openError = error
      // The driver is to know, though it may not have taken what it was woken for.
      isWakeArmed = true
    }
  }

  var isAtEnd: Bool { !isEndReported && (machine.phase == .closed || machine.isDrained) }

  /// Whether to wake the driver: something to write or to end, and not told yet.
  mutating func takeWake() -> Bool {
    guard isWakeArmed, outbound.readableBytes > 0 || isAtEnd else { return false }
    isWakeArmed = false
    return true
  }
}
