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

  init(
    _ log: Logger, _ event: Logger.Message,
    now: @escaping @Sendable () -> Resilience.MonotonicInstant = RefusalLog.systemNow
  ) {
    self.log = log
    self.event = event
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
    let skipped = state.withLock { state -> Int? in
      guard state.bucket?.take(at: time) == nil else {
        state.skippedCount += 1
        return nil
      }
      defer { state.skippedCount = 0 }
      return state.skippedCount
    }
    guard let skipped else { return }
    var facts = who()
    facts["status"] = "\(error.code.name)"
    facts["reason"] = "\(error.cause.map { "\($0)" } ?? error.message)"
    if skipped > 0 { facts["skipped"] = "\(skipped)" }
    log.notice(event, metadata: facts)
  }

  static let systemNow: @Sendable () -> Resilience.MonotonicInstant = {
    Resilience.MonotonicInstant(Transport.MonotonicInstant.now())
  }
}
