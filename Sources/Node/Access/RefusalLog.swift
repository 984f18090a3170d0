import Logging
import Resilience
import Services
import Synchronization
import Transport

/// Logs connections that were not accepted or cut off, or calls that somebody may not make, a few
/// lines a second at most: who floods the port does not flood the log. What was left out is counted
/// in the next line.
final class RefusalLog: Sendable {
  /// One line so often, and as many at once.
  static let interval: Duration = .milliseconds(200)
  static let burst = 20

  private struct State {
    var bucket: TokenBucket?
    var skippedCount = 0
  }

  private let log: Logger
  private let event: Logger.Message
  private let now: @Sendable () -> Resilience.MonotonicInstant
  private let state: Mutex<State>
  private let later: @Sendable (@escaping @Sendable () -> Void) -> Void

  /// - Parameter later: does something in a second or so.
  init(
    _ log: Logger, _ event: Logger.Message,
    later: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
    now: @escaping @Sendable () -> Resilience.MonotonicInstant = RefusalLog.systemNow
  ) {
    self.log = log
    self.event = event
    self.later = later
    self.now = now
    let bucket = try? TokenBucket(every: Self.interval, burst: Self.burst, at: now())
    state = Mutex(State(bucket: bucket))
  }

  /// May be called from event loops.
  func note(_ peer: Peer, _ error: RPCError) {
    note(error, ["address": "\(peer.address)"])
  }

  /// Notes a call that was refused for who made it; other errors are none of this log. What is not
  /// there and what is somebody else's are the same to the caller, and so they are to it.
  func note(_ call: CallContext, _ error: RPCError) {
    let principal = call.principal
    switch error.code {
    case .unauthenticated, .permissionDenied: break
    case .resourceExhausted where error.cause is TooOften: break
    case .notFound where ["customer", "store", "rider"].contains(principal.role): break
    default: return
    }
    note(
      error,
      [
        "address": "\(call.peer.address)", "method": "\(call.method)",
        "principal": "\(principal.role):\(principal.id)",
      ])
  }

  private func note(_ error: RPCError, _ who: @autoclosure () -> Logger.Metadata) {
    let time = now()
    let (hasRoom, skipped) = state.withLock { state in
      let hasRoom = state.bucket?.take(at: time) == nil
      if !hasRoom { state.skippedCount += 1 }
      defer { if hasRoom { state.skippedCount = 0 } }
      return (hasRoom, state.skippedCount)
    }
    guard hasRoom else {
      if skipped == 1 { later { self.noteSkipped() } }
      return
    }
    var facts = who()
    facts["status"] = "\(error.code.name)"
    facts["reason"] = "\(error.cause.map { "\($0)" } ?? error.message)"
    if skipped > 0 { facts["skipped"] = "\(skipped)" }
    log.notice(event, metadata: facts)
  }

  /// Says what has been left out since the last line, if anything has.
  func noteSkipped() {
    let skipped = state.withLock { state in
      defer { state.skippedCount = 0 }
      return state.skippedCount
    }
    if skipped > 0 { log.notice(event, metadata: ["skipped": "\(skipped)"]) }
  }

  static let systemNow: @Sendable () -> Resilience.MonotonicInstant = {
    Resilience.MonotonicInstant(Transport.MonotonicInstant.now())
  }
}
