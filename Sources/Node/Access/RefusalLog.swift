import Logging
import Resilience
import Services
import Synchronization
import Transport

/// Logs connections that were not accepted, a few lines a second at most: who floods the port does
/// not flood the log. What was left out is counted in the next line.
final class RefusalLog: Sendable {
  /// One line so often, and as many at once.
  static let interval: Duration = .milliseconds(200)
  static let burst = 20

  private struct State {
    var bucket: TokenBucket?
    var skippedCount = 0
  }

  private let log: Logger
  private let now: @Sendable () -> Resilience.MonotonicInstant
  private let state: Mutex<State>

  init(
    _ log: Logger,
    now: @escaping @Sendable () -> Resilience.MonotonicInstant = RefusalLog.systemNow
  ) {
    self.log = log
    self.now = now
    let bucket = try? TokenBucket(every: Self.interval, burst: Self.burst, at: now())
    state = Mutex(State(bucket: bucket))
  }

  /// May be called from event loops.
  func note(_ peer: Peer, _ error: RPCError) {
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
    var facts: Logger.Metadata = [
      "address": "\(peer.address)", "status": "\(error.code.name)",
      "reason": "\(error.cause.map { "\($0)" } ?? error.message)",
    ]
    if skipped > 0 { facts["skipped"] = "\(skipped)" }
    log.notice("connection refused", metadata: facts)
  }

  static let systemNow: @Sendable () -> Resilience.MonotonicInstant = {
    Resilience.MonotonicInstant(Transport.MonotonicInstant.now())
  }
}
