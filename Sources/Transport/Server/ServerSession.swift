import Messages
import NIOCore
import Synchronization

/// One connection on a server: bytes in, calls out, answers in, bytes out.
///
/// It drives the state machine and owns the buffer of unsent bytes. It does no
/// I/O and starts no task: its driver (TCP or in-process) does, with what
/// `receive` and `tick` give it. Any thread may call it; everything under the
/// lock is short.
public final class ServerSession: Sendable {
  /// A call for the driver to run (`run`), in a task of its own.
  struct Start {
    let call: ServerCall
    let payload: [UInt8]
  }

  /// Carried out after the lock is released, for it may run foreign code.
  struct Stops: ~Copyable {
    var tasks: [Task<Void, Never>] = []
    var waiters: [UnsafeContinuation<Void, Never>] = []

    consuming func run() {
      for task in tasks { task.cancel() }
      for waiter in waiters { waiter.resume() }
    }
  }

  struct Core: ~Copyable {
    var machine: ServerConnection
    var parser: FrameParser
    /// For what is unsent, of all connections together.
    let budget: ByteBudget
    var outbound = ByteBuffer()
    /// Of the bytes that were taken, those that the transport still has, as it told last.
    var heldBytes = 0
    /// Of what is unsent, the bytes taken from the budget.
    var countedBytes = 0
    /// The driver has not been woken since it last took the bytes.
    var isWakeArmed = true
    var isWritable = true
    var isEndReported = false
    /// Whose proof is to be looked into, until the driver has taken it.
    var claim: Claim?
    /// Frames may have been left in the parser, until the driver has taken what is unsent.
    var isHeld = false
  }

  /// What a hello claims, and where it comes from.
  struct Claim: Sendable {
    let credentials: ClientCredentials
    let peer: Peer
  }

  let core: Mutex<Core>
  /// See `takeResumed`. Outside the lock, for the driver asks at every turn.
  private let resumed = Atomic(false)
  let router: Router
  let clock: TransportClock
  let budgets: ServerBudgets
  private let verify: ServerConfiguration.Verify?
  let onFailure: @Sendable (CallContext, RPCError) -> Void
  /// Tells the driver that there are bytes to write or that the end has come.
  /// Called from any thread, at most once until the driver takes the bytes, and once more at the
  /// end.
  let wake: @Sendable () -> Void

  init(
    router: Router, configuration: ServerConfiguration, budgets: ServerBudgets,
    address: String, wake: @escaping @Sendable () -> Void
  ) {
    self.router = router
    self.budgets = budgets
    self.wake = wake
    clock = configuration.clock
    verify = configuration.verify
    onFailure = configuration.onFailure
    core = Mutex(
      Core(
        machine: ServerConnection(
          configuration: configuration, budget: budgets.requests, frames: budgets.frames,
          address: address, now: configuration.clock.now()),
        parser: FrameParser(frameBytesMax: configuration.limits.connection.frameBytesMax),
        budget: budgets.unsent))
  }
}

// MARK: - Bytes in

extension ServerSession {
  /// Takes bytes that arrived. Then call `next` until it gives nil.
  func receive(_ bytes: ByteBuffer) {
    core.withLock { core in
      if core.machine.phase != .closed { core.parser.append(bytes) }
    }
  }

  /// Handles whole frames up to the next call that is to start; nil once none is left, or while the
  /// rest has to wait: until the hello is answered, or until what is unsent has been taken. Calls
  /// that are answered in place would otherwise pile up more in one turn than any client can take,
  /// and one that reads would be hung up on.
  func next(at now: MonotonicInstant) -> Start? {
    while true {
      var stops = Stops()
      var isEmpty = false
      let start = core.withLock { core -> Start? in
        do throws(WireError) {
          guard core.machine.phase != .verifying, !core.isFull else {
            core.isHeld = core.isFull
            core.machine.received(at: now, isPartial: false)
            isEmpty = true
            return core.perform(core.machine.hold(core.parser.pendingBytes), &stops)
          }
          core.parser.frameBytesMax = core.machine.frameBytesMax
          guard let frame = try core.parser.next(FrameCodec.decode) else {
            core.machine.received(at: now, isPartial: core.parser.pendingBytes > 0)
            isEmpty = true
            return core.perform(core.machine.hold(core.parser.pendingBytes), &stops)
          }
          let action = core.machine.receive(frame, at: now) { router.routes[$0] }
          return core.perform(action, &stops)
        } catch {
          isEmpty = true
          return core.perform(core.machine.violate(error), &stops)
        }
      }
      stops.run()
      if start != nil || isEmpty { return start }
    }
  }

  /// Does what time makes due, and gives when to come again.
  func tick(at now: MonotonicInstant) -> MonotonicInstant {
    var stops = Stops()
    var isWakeNeeded = false
    let next = core.withLock { core in
      loop: while true {
        let action = core.machine.tick(at: now)
        if case .none = action { break loop }
        _ = core.perform(action, &stops)
      }
      isWakeNeeded = core.takeWake()
      return core.machine.nextTick()
    }
    stops.run()
    if isWakeNeeded { wake() }
    return next
  }

  /// When `tick` is due if nothing else happens.
  var nextTick: MonotonicInstant { core.withLock { $0.machine.nextTick() } }
}

// MARK: - Bytes out

extension ServerSession {
  /// Moves all unsent bytes into `buffer` (which it empties first). False if there are none.
  func takeOutbound(into buffer: inout ByteBuffer) -> Bool {
    buffer.clear()
    var stops = Stops()
    let isAny = core.withLock { core in
      core.isWakeArmed = true
      guard core.outbound.readableBytes > 0 else { return false }
      if core.isFull { core.resumeWriters(&stops) }
      if core.isHeld {
        core.isHeld = false
        resumed.store(true, ordering: .relaxed)
      }
      swap(&core.outbound, &buffer)
      core.recount()
      return true
    }
    stops.run()
    return isAny
  }

  /// The transport takes more bytes again, and is read from.
  func resume(at now: MonotonicInstant) {
    var stops = Stops()
    core.withLock { core in
      core.isWritable = true
      core.heldBytes = 0
      core.recount()
      core.machine.resumed(at: now)
      core.resumeWriters(&stops)
    }
    stops.run()
  }

  /// The transport takes no more bytes now, holds that many, and is not read from. Writers wait.
  /// False when that is too much, and the connection is to be dropped at once; `refusal` says why.
  @discardableResult
  func stall(unsentBytes: Int, at now: MonotonicInstant) -> Bool {
    core.withLock { core in
      core.isWritable = false
      core.heldBytes = unsentBytes
      core.machine.stalled(unsentBytes: unsentBytes, at: now)
      let fits = core.recount()
      if !fits { core.machine.refusal = Core.overflow }
      return fits
    }
  }

  /// Whether the hello has been accepted.
  var isGreeted: Bool {
    core.withLock { ![.awaitingHello, .verifying].contains($0.machine.phase) }
  }

  /// Whether what is received has to wait until the hello is answered: read no more then.
  var isVerifying: Bool { core.withLock { $0.machine.phase == .verifying } }

  /// A claim to be looked into with `verify`, in a task of the driver's; told once.
  func takeClaim() -> Claim? { core.withLock { $0.claim.take() } }

  /// Finds out whether a claim is true, and answers the hello.
  nonisolated(nonsending) func verify(_ claim: Claim) async {
    let result: Result<Identity, RPCError>
    do throws(RPCError) {
      guard let verify else {
        throw RPCError(code: .internal, message: "nobody looks into proofs here")
      }
      result = .success(try await verify(claim.credentials, claim.peer))
    } catch { result = .failure(error) }
    var stops = Stops()
    let isWakeNeeded = core.withLock { core in
      _ = core.perform(core.machine.verified(result), &stops)
      resumed.store(true, ordering: .relaxed)
      return core.takeWake()
    }
    stops.run()
    if isWakeNeeded { wake() }
  }

  /// Whether what was received and had to wait can be handled now.
  var isResumed: Bool { resumed.load(ordering: .relaxed) }

  /// True once when what was received and had to wait can be handled: call `next`.
  func takeResumed() -> Bool {
    isResumed && resumed.exchange(false, ordering: .relaxed)
  }

  /// Why this side ended the connection; nil while it did not.
  var refusal: RPCError? { core.withLock { $0.machine.refusal } }

  /// The client has shown a certificate, which was verified; before its hello.
  func identify(_ certificate: PeerCertificate) {
    core.withLock { $0.machine.identify(certificate) }
  }

  /// True once: when nothing will follow the bytes taken last, so that it is time to hang up.
  /// - Parameter dropping: the transport takes no bytes, and what it has is lost with it, as is
  ///   what is unsent: only for a connection that is closed.
  func takeEnd(dropping: Bool = false) -> Bool {
    core.withLock { core in
      guard core.isAtEnd, !dropping || core.machine.phase == .closed else { return false }
      if dropping { core.outbound = ByteBuffer() }
      guard core.outbound.readableBytes == 0 else { return false }
      core.isEndReported = true
      return true
    }
  }

  /// Says go-away and finishes what was accepted. Streams end at once.
  func drain() {
    var stops = Stops()
    let isWakeNeeded = core.withLock { core in
      _ = core.perform(core.machine.drain(), &stops)
      _ = core.perform(core.machine.endStreams(), &stops)
      return core.takeWake()
    }
    stops.run()
    if isWakeNeeded { wake() }
  }

  /// The transport is gone: stops every handler.
  func disconnected() {
    var stops = Stops()
    core.withLock { core in
      _ = core.perform(core.machine.disconnected(), &stops)
      core.stopAll(&stops)
      core.outbound = ByteBuffer()
      core.heldBytes = 0
      core.recount()
    }
    stops.run()
  }
}
