import Resilience
import Synchronization
import Testing

@Suite("What stands between a node and a dependency")
struct DependencyGuardTests {
  /// A call's failure, and whether it was certainly not begun.
  private struct Failed: Error {
    let unprocessed: Bool
  }

  /// A clock that a test moves on.
  private final class Hand: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var now: MonotonicInstant {
      MonotonicInstant(nanoseconds: nanoseconds.load(ordering: .relaxed))
    }

    func advance(by duration: Duration) {
      nanoseconds.wrappingAdd(duration.wholeNanoseconds, ordering: .relaxed)
    }
  }

  private let hand = Hand()

  private func policy(
    minimumCalls: Int = 100, concurrent: Int = 8, retry: RetryBudget.Policy = .init()
  ) -> DependencyPolicy {
    DependencyPolicy(
      breaker: Sample.policy(window: .count(calls: 100), minimumCalls: minimumCalls),
      bulkhead: BulkheadQueue.Limits(concurrent: concurrent, queued: 0),
      queueTimeout: .milliseconds(100), retry: retry)
  }

  private func dependency(_ policy: DependencyPolicy) throws -> DependencyGuard {
    let hand = hand
    return try DependencyGuard(
      name: "payment", policy: policy, seed: 1,
      timing: Bulkhead.Timing(
        now: { hand.now }, wait: { _ in try await Task.sleep(for: .seconds(3600)) }))
  }

  private static func judge<Value>(
    _ result: borrowing Result<Value, Failed>, _: CallTime
  ) -> CallOutcome {
    CircuitBreaker.judge(result)
  }

  /// Makes a call whose tries end so, and answers how many there were.
  private func tries(
    _ dependency: DependencyGuard, _ failures: [Failed?]
  ) async -> (count: Int, succeeded: Bool) {
    var count = 0
    do throws(DependencyError<Failed>) {
      try await dependency.run(
        until: nil, judge: Self.judge, mayRepeat: \.unprocessed
      ) { () async throws(Failed) in
        defer { count += 1 }
        if let failure = failures[min(count, failures.count - 1)] { throw failure }
      }
      return (count, true)
    } catch { return (count, false) }
  }

  @Test("repeats once what was certainly not begun, and nothing else")
  func retries() async throws {
    let guarded = try dependency(policy())
    let (gone, broken) = (Failed(unprocessed: true), Failed(unprocessed: false))
    #expect(await tries(guarded, [gone, nil]) == (2, true))
    hand.advance(by: .seconds(2))
    #expect(await tries(guarded, [gone]) == (2, false))
    #expect(await tries(guarded, [broken]) == (1, false))
    #expect(await tries(guarded, [nil]) == (1, true))
    #expect(guarded.snapshot().retried == 2)
    #expect(guarded.snapshot().inside == 0)
  }

  @Test("repeats no more than its budget has, however many calls fail")
  func budget() async throws {
    let guarded = try dependency(
      policy(retry: RetryBudget.Policy(ratio: 0.1, minimumPerSecond: 0, burst: 10)))
    var made = 0
    for _ in 0..<40 { made += await tries(guarded, [Failed(unprocessed: true)]).count }
    #expect(made == 44)
  }

  @Test("calls that are turned away earn no retries")
  func earning() async throws {
    let guarded = try dependency(
      policy(
        concurrent: 1, retry: RetryBudget.Policy(ratio: 0.5, minimumPerSecond: 0, burst: 10)))
    try await guarded.run(until: nil, judge: Self.judge, mayRepeat: { _ in false }) {
      () async throws(Failed) in
      for _ in 0..<20 {
        let turnedAway = await tries(guarded, [nil])
        #expect(turnedAway == (0, false))
      }
    }
    // Half a retry by the call above, half a one by this, and none is left for the next.
    #expect(await tries(guarded, [Failed(unprocessed: true)]) == (2, false))
    #expect(await tries(guarded, [Failed(unprocessed: true)]) == (1, false))
  }

  @Test("whoever hangs up was not turned away")
  func hangsUp() async throws {
    let guarded = try dependency(policy())
    let caller = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await tries(guarded, [nil]).count
    }
    #expect(await caller.value == 0)
    #expect(guarded.snapshot().turnedAway == 0)
  }

  @Test("turns away whom the bulkhead has no place for, and says so")
  func turnsAway() async throws {
    let guarded = try dependency(policy(concurrent: 1))
    try await guarded.run(until: nil, judge: Self.judge, mayRepeat: { _ in false }) {
      () async throws(Failed) in
      #expect(guarded.snapshot().inside == 1)
      let second = await tries(guarded, [nil])
      #expect(second == (0, false))
    }
    let snapshot = guarded.snapshot()
    #expect(snapshot.turnedAway == 1 && snapshot.inside == 0)
    #expect(snapshot.breaker.counters.succeeded == 1)
  }

  @Test("tells its judge how much time each try had, and how much it took")
  func time() async throws {
    let guarded = try dependency(policy())
    hand.advance(by: .seconds(1))
    var times: [CallTime] = []
    for deadline in [MonotonicInstant(ms: 3000), nil] {
      var count = 0
      try await guarded.run(
        until: deadline,
        judge: { (_, time) -> CallOutcome in
          times.append(time)
          return .success
        }, mayRepeat: \.unprocessed
      ) { () async throws(Failed) in
        count += 1
        hand.advance(by: .milliseconds(700))
        if count == 1, deadline != nil { throw Failed(unprocessed: true) }
      }
    }
    let taken = Duration.milliseconds(700)
    #expect(
      times == [
        CallTime(given: .seconds(2), taken: taken),
        CallTime(given: .milliseconds(1300), taken: taken), CallTime(given: nil, taken: taken),
      ])
    #expect(times.map { $0.wasGiven(.milliseconds(1301)) } == [true, false, true])
    #expect(times.map { $0.wasGiven(.milliseconds(1300)) } == [true, true, true])
  }

  @Test("takes another policy while it works; what did not change keeps what it knows")
  func replaces() async throws {
    var policy = policy()
    let guarded = try dependency(policy)
    _ = await tries(guarded, [Failed(unprocessed: false)])
    policy.bulkhead.concurrent = 3
    try guarded.replace(policy: policy)
    #expect(guarded.snapshot().policy == policy)
    #expect(guarded.snapshot().breaker.tally.failures == 1)
    policy.breaker.probes = 7
    try guarded.replace(policy: policy)
    #expect(guarded.snapshot().breaker.policy.probes == 7)
    #expect(guarded.snapshot().breaker.tally.failures == 0)
    let before = guarded.snapshot().policy
    policy.bulkhead.concurrent = 5
    policy.retry.ratio = 2
    #expect(throws: PolicyError.self) { try guarded.replace(policy: policy) }
    #expect(guarded.snapshot().policy == before)
  }

  @Test("of policies that come at once the one that shows is at work, all of it")
  func replacesAtOnce() async throws {
    let guarded = try dependency(policy())
    let choices = (1...4).map { probes in
      var choice = policy()
      choice.breaker.probes = probes
      return choice
    }
    for _ in 0..<200 {
      await withTaskGroup(of: Void.self) { group in
        for choice in choices { group.addTask { try? guarded.replace(policy: choice) } }
      }
      let snapshot = guarded.snapshot()
      #expect(snapshot.policy.breaker == snapshot.breaker.policy)
    }
  }

  @Test("is taken for well again when nobody calls for long, though nobody has found it so")
  func quiet() async throws {
    let guarded = try dependency(policy(minimumCalls: 2))
    #expect(guarded.isWell)
    for _ in 0..<2 { _ = await tries(guarded, [Failed(unprocessed: false)]) }
    hand.advance(by: .seconds(34))
    #expect(!guarded.isWell)
    hand.advance(by: .seconds(1))
    #expect(guarded.isWell && !guarded.isClosed)
    // The first of two probes, and then nobody.
    #expect(await tries(guarded, [nil]) == (1, true))
    #expect(!guarded.isWell)
    hand.advance(by: .seconds(30))
    #expect(guarded.isWell && !guarded.isClosed)
    try await guarded.run(until: nil, judge: Self.judge, mayRepeat: { _ in false }) {
      () async throws(Failed) in
      #expect(!guarded.isWell)
    }
    #expect(guarded.isWell && guarded.isClosed)
    guarded.operate(.forceOpen)
    hand.advance(by: .seconds(3600))
    #expect(!guarded.isWell)
  }

  @Test("says how long a call would be refused for certain")
  func waits() async throws {
    let guarded = try dependency(policy(minimumCalls: 2))
    #expect(guarded.wait() == .zero && guarded.isClosed)
    for _ in 0..<2 { _ = await tries(guarded, [Failed(unprocessed: false)]) }
    #expect(guarded.wait() == .seconds(5) && !guarded.isClosed)
    hand.advance(by: .seconds(5))
    #expect(guarded.wait() == .zero && !guarded.isClosed)
    guarded.operate(.forceOpen)
    #expect(guarded.wait() == nil)
    guarded.operate(.reset)
    #expect(guarded.wait() == .zero && guarded.isClosed)
  }
}
