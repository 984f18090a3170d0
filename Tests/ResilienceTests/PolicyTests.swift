import Foundation
import Resilience
import Testing

/// A policy that cannot be meant is refused, and says where.
@Suite struct PolicyTests {
  private struct Mistake: Sendable {
    let field: String
    let change: @Sendable (inout BreakerPolicy) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout BreakerPolicy) -> Void) {
      self.field = field
      self.change = change
    }
  }

  private static let mistakes = [
    Mistake("window.calls") { $0.window = .count(calls: 0) },
    Mistake("window.length_ms") { $0.window = .time(length: .zero, buckets: 1) },
    Mistake("window.buckets") { $0.window = .time(length: .seconds(1), buckets: 0) },
    Mistake("minimum_calls") { $0.minimumCalls = 0 },
    Mistake("minimum_calls") { $0.minimumCalls = 11 },
    Mistake("failure_rate") { $0.failureRate = 0 },
    Mistake("failure_rate") { $0.failureRate = .nan },
    Mistake("failure_rate") { $0.failureRate = 1.1 },
    Mistake("slow_calls.over_ms") { $0.slowCalls = .init(duration: .zero, rate: 0.5) },
    Mistake("slow_calls.rate") { $0.slowCalls = .init(duration: .seconds(1), rate: 2) },
    Mistake("open_wait.initial_ms") { $0.openWait.initial = .seconds(-1) },
    Mistake("open_wait.maximum_ms") { $0.openWait.maximum = .seconds(1) },
    Mistake("open_wait.multiplier") { $0.openWait.multiplier = 0.5 },
    Mistake("open_wait.jitter") { $0.openWait.jitter = 1.5 },
    Mistake("probes") { $0.probes = 0 },
    Mistake("lease_ms") { $0.lease = .zero },
  ]

  @Test func everyMistakeNamesItsField() throws {
    for mistake in Self.mistakes {
      var policy = Sample.policy()
      try policy.validate()
      mistake.change(&policy)
      let error = #expect(throws: PolicyError.self) { try policy.validate() }
      #expect(error?.field == mistake.field)
    }
  }

  @Test func anInvalidPolicyNeitherMakesABreakerNorReplacesAnother() throws {
    #expect(throws: PolicyError.self) { try Sample.breaker(Sample.policy(probes: 0)) }
    let breaker = try Sample.openBreaker()
    let before = breaker.snapshot(at: Sample.second(1))
    #expect(throws: PolicyError.self) {
      try breaker.replace(policy: Sample.policy(probes: 0), at: Sample.second(1))
    }
    #expect(breaker.snapshot(at: Sample.second(1)) == before)
  }

  @Test func waitsGrowUpToTheirMaximumAndScatterWithinTheirJitter() throws {
    var waits: [[Double]] = []
    for seed in 0..<200 as Range<UInt64> {
      var machine = try BreakerMachine(
        policy: Sample.policy(jitter: 0.2, probes: 1).with(minimumCalls: 1), seed: seed)
      var now = Sample.second(0)
      var row: [Double] = []
      for _ in 0..<6 {
        guard case .permitted(let ticket) = machine.ask(at: now) else { throw Refused() }
        machine.settle(ticket, .failure, at: now)
        guard case .open(let until, _) = machine.state else { throw Refused() }
        row.append(Double(until.nanoseconds(since: now)) / 1e9)
        now = until
      }
      waits.append(row)
    }
    for (opening, length) in [5.0, 10, 20, 40, 60, 60].enumerated() {
      let lengths = waits.map { $0[opening] }
      #expect(lengths.allSatisfy { $0 >= length * 0.8 && $0 <= min(60, length * 1.2) })
      #expect(Set(lengths).count > 50)
    }
  }

  @Test func slowCallsOpenABreakerThoughTheySucceed() throws {
    let breaker = try Sample.breaker(
      Sample.policy(slowCalls: .init(duration: .seconds(1), rate: 0.5)))
    for took in [1000, 1001] as [Int64] {
      try breaker.permit(at: Sample.second(0)).settle(.success, at: MonotonicInstant(ms: took))
    }
    let snapshot = breaker.snapshot(at: Sample.second(2))
    #expect(snapshot.lastTransition?.cause == .slowRate(0.5))
    #expect(snapshot.state.name == "open")
  }

  @Test func aWindowForgetsWhatIsOlder() throws {
    let timed = try Sample.breaker(
      Sample.policy(window: .time(length: .seconds(10), buckets: 10), minimumCalls: 100))
    for second in 0..<40 as Range<Int64> {
      try timed.permit(at: Sample.second(second)).settle(.failure, at: Sample.second(second))
      #expect(timed.snapshot(at: Sample.second(second)).tally.calls == Int(min(second + 1, 10)))
    }
    #expect(timed.snapshot(at: Sample.second(1_000_000)).tally.calls == 0)
    let counted = try Sample.breaker(
      Sample.policy(window: .count(calls: 4), minimumCalls: 4))
    for outcome in [.failure, .success, .success, .success, .failure] as [CallOutcome] {
      try counted.permit(at: Sample.second(0)).settle(outcome, at: Sample.second(0))
    }
    #expect(counted.snapshot(at: Sample.second(0)).tally == CallTally(calls: 4, failures: 1))
  }

  @Test(arguments: [
    ("{", "file"), ("{}", "policy"), (#"{"policy": {}, "inputs": [], "polcy": 1}"#, "polcy"),
    (#"{"policy": {"probes": 0}, "inputs": []}"#, "policy.probes"),
    (#"{"policy": {"probes": "two"}, "inputs": []}"#, "policy.probes"),
    (#"{"policy": {"window": {}}, "inputs": []}"#, "policy.window.calls"),
    (
      #"{"policy": {}, "inputs": [{"at_ms": 5, "look": true}, {"at_ms": 4, "look": true}]}"#,
      "inputs[1].at_ms"
    ),
    (#"{"policy": {}, "inputs": [{"at_ms": 5}]}"#, "inputs[0].call"),
    (#"{"policy": {}, "inputs": [{"at_ms": 5, "call": "sucess"}]}"#, "inputs[0].call"),
    (#"{"policy": {}, "inputs": [{"at_ms": 5, "command": "open"}]}"#, "inputs[0].command"),
    (#"{"policy": {}, "inputs": [{"at_ms": -1, "look": true}]}"#, "inputs[0].at_ms"),
  ])
  func aTraceThatMakesNoSenseNamesTheField(text: String, field: String) throws {
    do {
      _ = try JSONDecoder().decode(BreakerTrace.self, from: Data(text.utf8))
      Issue.record("was read")
    } catch let error as DecodingError {
      #expect(PolicyError(error).field == field)
    } catch let error as PolicyError {
      #expect(error.field == field)
    }
  }
}

extension BreakerPolicy {
  fileprivate func with(minimumCalls: Int) -> BreakerPolicy {
    var policy = self
    policy.minimumCalls = minimumCalls
    return policy
  }
}
