import Resilience
import Testing

/// What other libraries' tests say, as facts.
@Suite struct OracleTests {
  @Test(arguments: Sample.traces)
  func aTraceOfAnotherLibraryGivesWhatThatLibraryGives(file: String) throws {
    let trace = try Sample.trace(file)
    let replay = try BreakerReplay(trace)
    #expect(replay.differences.isEmpty, "\(trace.name)")
    #expect(trace.inputs.contains { $0.expected.state != nil }, "\(file) says nothing")
  }

  @Test func everyOracleIsThere() {
    #expect(Sample.traces.count >= 8)
  }

  /// Throughput, minimum, failure ratio, threshold; Polly.
  @Test(arguments: [
    (10, 10, 0.0, 0.1, false), (10, 10, 0.1, 0.1, true), (11, 10, 0.2, 0.1, true),
    (9, 10, 0.1, 0.1, false),
  ])
  func theRateDecidesOnlyFromTheMinimumOn(
    calls: Int, minimum: Int, ratio: Double, threshold: Double, opens: Bool
  ) throws {
    let policy = BreakerPolicy(minimumCalls: minimum, failureRate: threshold)
    let failures = Int((Double(calls) * ratio).rounded(.up))
    let tally = CallTally(calls: calls, failures: failures)
    #expect((policy.verdict(on: tally, minimum: policy.minimumCalls) != nil) == opens)
  }
}
