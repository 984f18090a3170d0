import Journal
import Resilience
import Synchronization
import Transport

/// So many things a second for each of many (customers, addresses), so that none of them takes the
/// node from the others.
final class RateLimiter<Key: Hashable & Sendable>: Sendable {
  /// What one of them may do.
  struct Policy: Hashable, Sendable {
    /// 0: no limit.
    var perSecond = 0
    /// At once.
    var burst = 100
  }

  /// Keys remembered; beyond it the one seen longest ago is forgotten, and begins anew.
  static var keysMax: Int { 100_000 }

  private struct State {
    var policy: Policy
    var buckets = LRUCache<Key, TokenBucket>(capacity: keysMax)
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

  /// Counts one, or says how long to wait until there is room for it.
  func take(_ key: Key) -> Duration? {
    guard isOn.load(ordering: .relaxed) else { return nil }
    let time = now()
    let wait = state.withLock { state -> Int64? in
      guard var bucket = state.buckets.value(for: key) ?? Self.bucket(state.policy, time)
      else { return nil }
      defer { state.buckets.insert(bucket, for: key) }
      return bucket.take(at: time)
    }
    return wait.map { .nanoseconds($0) }
  }

  private static func bucket(
    _ policy: Policy, _ now: Resilience.MonotonicInstant
  ) -> TokenBucket? {
    guard policy.perSecond > 0 else { return nil }
    return try? TokenBucket(
      every: .nanoseconds(1_000_000_000 / Int64(policy.perSecond)), burst: policy.burst, at: now)
  }
}

/// Why somebody's call is refused who makes more of them than they may.
struct TooOften: Error, CustomStringConvertible {
  var description: String { "too many calls a second" }
}

extension RateLimiter<Transport.Principal> {
  /// Counts a call of a customer, store or rider, or refuses it. Our own people and services are
  /// not counted.
  func admit(_ principal: Transport.Principal) throws(RPCError) {
    guard ["customer", "store", "rider"].contains(principal.role) else { return }
    guard let wait = take(principal) else { return }
    throw RPCError(
      code: .resourceExhausted, message: "too many calls a second", retryAfter: wait,
      unprocessed: true, cause: TooOften())
  }
}

extension RateLimiter<String> {
  /// Counts a connection from an address, or says why it is turned away.
  func refusal(of address: String) -> RPCError? {
    take(address).map {
      RPCError(
        code: .resourceExhausted, message: "too many connections a second", retryAfter: $0,
        unprocessed: true)
    }
  }
}
