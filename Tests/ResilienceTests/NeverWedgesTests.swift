import Foundation
import Resilience
import Testing

/// However calls end, a breaker finds back, and never lets more probes through than it may.
@Suite struct NeverWedgesTests {
  /// One in ten of the full run, which `make interleavings` does.
  private static let runs =
    ProcessInfo.processInfo.environment["BAEDAL_INTERLEAVINGS"].flatMap(UInt64.init) ?? 100_000

  @Test func noInterleavingOfEndingsLeavesABreakerStuck() throws {
    for seed in 0..<Self.runs {
      var run = try Interleaving(seed: seed)
      guard let problem = run.problem() else { continue }
      Issue.record("seed \(seed): \(problem)")
      return
    }
  }

  @Test(arguments: [1, 3, 16])
  func ofTenThousandTasksAtTheInstantOfExpiryExactlyTheProbesReachTheBackend(
    probes: Int
  ) async throws {
    let tasks = 10_000
    let breaker = try Sample.openBreaker(Sample.policy(probes: probes))
    let over = Sample.second(5)
    let start = Barrier(count: tasks)
    let allAsked = Barrier(count: tasks)
    let reached = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          await start.arrive()
          // Only what is in between runs at once; the probes stay until everybody has asked.
          guard let permit = try? breaker.permit(at: over) else {
            await allAsked.arrive()
            return false
          }
          await allAsked.arrive()
          permit.settle(.success, at: over)
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(reached == probes)
    #expect(breaker.snapshot(at: over).state == .closed)
  }

  @Test func threadsThatMixEverythingLeaveNoProbeBehind() async throws {
    let breaker = try Sample.openBreaker(Sample.policy(probes: 3))
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          var random = SplitMix64(seed: UInt64(task))
          for step in 0..<2_000 {
            let now = MonotonicInstant(ms: Int64(step) * 20)
            guard let permit = try? breaker.permit(at: now) else { continue }
            #expect(breaker.snapshot(at: now).liveProbes <= 3)
            switch random.next() % 4 {
            case 0: permit.settle(.failure, at: now)
            case 1: permit.settle(.ignored, at: now)
            case 2: permit.settle(.success, at: now)
            default: break
            }
          }
        }
      }
    }
    #expect(breaker.snapshot(at: Sample.second(40)).liveProbes == 0)
  }
}

/// Holds tasks until all have come.
private actor Barrier {
  private var missing: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) { missing = count }

  func arrive() async {
    missing -= 1
    guard missing > 0 else {
      for continuation in waiting { continuation.resume() }
      waiting = []
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }
}

/// One breaker, and callers who do anything with their permits.
private struct Interleaving {
  /// A permit in a list.
  private final class Held {
    private var permit: BreakerPermit?
    init(_ permit: consuming BreakerPermit) { self.permit = consume permit }
    func settle(_ outcome: CallOutcome, at now: MonotonicInstant) {
      permit.take()?.settle(outcome, at: now)
    }
  }

  private let breaker: CircuitBreaker
  private let probes: Int
  private var random: SplitMix64
  private var now = MonotonicInstant(ms: 0)
  private var held: [Held] = []

  init(seed: UInt64) throws {
    random = SplitMix64(seed: seed)
    probes = Int(random.next() % 3) + 1
    let window: BreakerPolicy.Window =
      seed & 1 == 0 ? .count(calls: 4) : .time(length: .seconds(4), buckets: 4)
    let policy = Sample.policy(
      window: window, minimumCalls: Int(random.next() % 3) + 1, jitter: 0.5, probes: probes)
    breaker = try CircuitBreaker(name: "any", policy: policy, seed: seed)
  }

  /// What went wrong, if anything.
  mutating func problem() -> String? {
    for step in 0..<24 {
      act()
      let live = breaker.snapshot(at: now).liveProbes
      if live > probes { return "\(live) probes live after step \(step), at most \(probes)" }
    }
    return wedged()
  }

  private mutating func act() {
    switch random.next() % 8 {
    case 0, 1, 2: ask()
    case 3: end(.success)
    case 4: end(.failure)
    case 5: end(nil)
    case 6:
      let now = now
      try? breaker.run(now: { now }) { () throws(Refused) in throw Refused() }
    default: now = now.advanced(by: .milliseconds(Int64(random.next() % 8_000)))
    }
  }

  private mutating func ask() {
    guard let permit = try? breaker.permit(at: now) else { return }
    held.append(Held(permit))
  }

  /// Without an outcome: cancelled.
  private mutating func end(_ outcome: CallOutcome?) {
    guard !held.isEmpty else { return }
    let one = held.remove(at: Int(random.next() % UInt64(held.count)))
    if let outcome { one.settle(outcome, at: now) }
  }

  /// Whoever still holds a permit never returns. Even so a breaker that refuses lets a call through
  /// after its longest wait, and closes once calls succeed: the first wait is for the leases, and
  /// outcomes from before may open it once more.
  private mutating func wedged() -> String? {
    var refusedBefore = false
    for _ in 0..<6 {
      now = now.advanced(by: .seconds(61))
      var refused = true
      for _ in 0..<(probes + 4) {
        guard let permit = try? breaker.permit(at: now) else { break }
        refused = false
        permit.settle(.success, at: now)
      }
      if refused, refusedBefore { return "refuses for ever" }
      refusedBefore = refused
    }
    let state = breaker.snapshot(at: now).state
    return state == .closed ? nil : "ends \(state.name)"
  }
}
