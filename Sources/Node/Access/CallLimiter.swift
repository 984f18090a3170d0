import Journal
import Resilience
import Synchronization
import Transport

/// So many calls a second for each customer, store and rider, so that none of them takes the node
/// from the others. Our own people and services are not counted.
final class CallLimiter: Sendable {
  /// Calls of one principal.
  struct Policy: Hashable, Sendable {
    /// 0: no limit.
    var perSecond = 0
    /// At once.
    var burst = 100
  }

  /// Principals remembered; beyond it the one that called longest ago is forgotten, and begins
  /// anew.
  static let principalsMax = 100_000

  private struct State {
    var policy: Policy
    var buckets = LRUCache<Transport.Principal, TokenBucket>(capacity: principalsMax)
  }

  private let state: Mutex<State>
  private let now: @Sendable () -> Resilience.MonotonicInstant
  /// So that a node without limits takes no lock.
  private let isOn: Atomic<Bool>

  init(
    _ policy: Policy,
    now: @escaping @Sendable () -> Resilience.MonotonicInstant = RefusalLog.systemNow
  ) {
    self.now = now
    isOn = Atomic(policy.perSecond > 0)
    state = Mutex(State(policy: policy))
  }

  /// Another limit from now on, for everybody.
  func replace(_ policy: Policy) {
    state.withLock { state in
      guard state.policy != policy else { return }
      state = State(policy: policy)
      isOn.store(policy.perSecond > 0, ordering: .relaxed)
    }
  }

  /// Counts a call, or refuses it and says when there is room for it.
  func admit(_ principal: Transport.Principal) throws(RPCError) {
    guard isOn.load(ordering: .relaxed) else { return }
    guard ["customer", "store", "rider"].contains(principal.role) else { return }
    let time = now()
    let wait = state.withLock { state -> Int64? in
      guard var bucket = state.buckets.value(for: principal) ?? Self.bucket(state.policy, time)
      else { return nil }
      defer { state.buckets.insert(bucket, for: principal) }
      return bucket.take(at: time)
    }
    guard let wait else { return }
    throw RPCError(
      code: .resourceExhausted, message: "too many calls a second",
      retryAfter: .nanoseconds(wait), unprocessed: true)
  }

  private static func bucket(
    _ policy: Policy, _ now: Resilience.MonotonicInstant
  ) -> TokenBucket? {
    guard policy.perSecond > 0 else { return nil }
    return try? TokenBucket(
      every: .nanoseconds(1_000_000_000 / Int64(policy.perSecond)), burst: policy.burst, at: now)
  }
}
