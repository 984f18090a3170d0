import Foundation
import Resilience
import Testing

/// Decisions of the whole autoscaler.
@Suite struct AutoscalerTests {
  private static func policy(
    up: Duration = .zero, panic: PanicScaler.Policy? = nil
  ) -> AutoscalePolicy {
    var rules = ScalingRules.defaultUp
    rules.window = up
    return AutoscalePolicy(
      behavior: ScalingBehavior(up: rules, minimum: 2, maximum: 20), panic: panic)
  }

  /// A metric that asks for so many replicas at ten a replica; nil: unknown.
  private static func wants(
    _ replicas: Int?, name: String = "load", at second: Int64? = nil
  ) -> MetricReading {
    MetricReading(
      name: name,
      source: .service(
        replicas.map { Int64($0 * 10) }, target: .averageValue(10), ready: 4),
      measuredAt: second.map(Sample.second))
  }

  private static func seen(
    _ replicas: Int, _ metrics: [MetricReading], demand: Double? = nil
  ) -> Autoscaler.Observation {
    Autoscaler.Observation(replicas: replicas, ready: replicas, metrics: metrics, demand: demand)
  }

  @Test func theLargestOfSeveralMetricsWinsAndAnInvalidOneOnlyKeepsFromShrinking() throws {
    var scaler = try Autoscaler(Self.policy())
    let up = scaler.decide(
      Self.seen(4, [Self.wants(5, name: "a"), Self.wants(7, name: "b"), Self.wants(nil)]),
      at: Sample.second(0))
    #expect(up.desired == 7)
    #expect(up.metric == "b")
    let down = scaler.decide(
      Self.seen(7, [Self.wants(3), Self.wants(nil, name: "lost")]), at: Sample.second(400))
    #expect(down.desired == 7)
    #expect(down.bounds.contains(.partialData))
    #expect(!down.hasAllData)
  }

  @Test func withoutDataNothingChangesAndPatienceBeginsAnew() throws {
    var scaler = try Autoscaler(Self.policy())
    for second in stride(from: Int64(0), through: 1_000, by: 100) {
      let decision = scaler.decide(Self.seen(8, [Self.wants(nil)]), at: Sample.second(second))
      #expect(decision.desired == 8)
      #expect(decision.bounds == [.noData])
    }
    let back = scaler.decide(Self.seen(8, [Self.wants(3)]), at: Sample.second(1_010))
    #expect(back.desired == 8)
    #expect(back.bounds == [.downWindow])
    let later = scaler.decide(Self.seen(8, [Self.wants(3)]), at: Sample.second(1_301))
    #expect(later.desired == 3)
  }

  @Test func whatWasMeasuredTooLongAgoSaysNothing() throws {
    var scaler = try Autoscaler(Self.policy())
    let fresh = scaler.decide(Self.seen(4, [Self.wants(6, at: 0)]), at: Sample.second(45))
    #expect(fresh.desired == 6)
    let stale = scaler.decide(Self.seen(6, [Self.wants(9, at: 0)]), at: Sample.second(46))
    #expect(stale.desired == 6)
    #expect(stale.metrics.first?.invalid == .stale)
  }

  @Test func aStartHoldsWhatIsThereForAWindow() throws {
    var scaler = try Autoscaler(Self.policy())
    #expect(scaler.decide(Self.seen(9, [Self.wants(3)]), at: Sample.second(0)).desired == 9)
    #expect(scaler.decide(Self.seen(9, [Self.wants(3)]), at: Sample.second(299)).desired == 9)
    #expect(scaler.decide(Self.seen(9, [Self.wants(3)]), at: Sample.second(300)).desired == 3)
  }

  @Test func boundsHoldAtOnceWithDataOrWithout() throws {
    var scaler = try Autoscaler(Self.policy())
    #expect(scaler.decide(Self.seen(50, []), at: Sample.second(0)).desired == 20)
    #expect(scaler.decide(Self.seen(0, []), at: Sample.second(1)).desired == 2)
    let high = scaler.decide(Self.seen(19, [Self.wants(400)]), at: Sample.second(60))
    #expect(high.desired == 20)
    #expect(high.bounds == [.maximum])
  }

  @Test func anUpwardWindowWaitsForTheLowestOfLate() throws {
    var scaler = try Autoscaler(Self.policy(up: .seconds(60)))
    #expect(
      scaler.decide(Self.seen(4, [Self.wants(8)]), at: Sample.second(0)).bounds == [.upWindow])
    #expect(scaler.decide(Self.seen(4, [Self.wants(6)]), at: Sample.second(30)).desired == 4)
    #expect(scaler.decide(Self.seen(4, [Self.wants(8)]), at: Sample.second(61)).desired == 6)
  }

  @Test func theRateOfGrowthIsHeldUnlessThereIsPanic() throws {
    var calm = try Autoscaler(Self.policy())
    let held = calm.decide(Self.seen(4, [Self.wants(20)]), at: Sample.second(0))
    #expect(held.desired == 8)
    #expect(held.bounds == [.upPolicy])
    var alarmed = try Autoscaler(Self.policy(panic: PanicScaler.Policy(target: 10)))
    let burst = alarmed.decide(Self.seen(4, [Self.wants(20)], demand: 200), at: Sample.second(0))
    #expect(burst.desired == 20)
    #expect(burst.panic?.isPanicking == true)
  }

  @Test func inPanicNothingIsTakenAwayAlsoWithoutData() throws {
    var policy = Self.policy(panic: PanicScaler.Policy(target: 10))
    policy.behavior.down.window = .zero
    var scaler = try Autoscaler(policy)
    _ = scaler.decide(Self.seen(4, [Self.wants(12)], demand: 120), at: Sample.second(0))
    let lull = scaler.decide(Self.seen(12, [Self.wants(2)], demand: 0), at: Sample.second(15))
    #expect(lull.desired == 12)
    #expect(lull.bounds.contains(.panic))
    let blind = scaler.decide(Self.seen(12, [Self.wants(nil)]), at: Sample.second(500))
    #expect(blind.desired == 12)
  }

  @Test func aDecisionExplainsItselfToPeopleAndPrograms() throws {
    var scaler = try Autoscaler(Self.policy())
    let decision = scaler.decide(Self.seen(4, [Self.wants(20)]), at: Sample.second(0))
    #expect(
      decision.description
        == "4 → 8 replicas: load asks for 20 (ratio 5.00); bounded by scale-up policy")
    let json = String(decoding: try JSONEncoder().encode(decision), as: UTF8.self)
    #expect(json.contains(#""bounds":["scale-up policy"]"#))
    #expect(json.contains(#""proposed":20"#))
  }

  /// A value that cannot be meant, and the field that names it.
  struct Wrong: Sendable {
    let field: String
    let change: @Sendable (inout AutoscalePolicy) -> Void
  }

  private static let wrong = [
    Wrong(field: "replicas.min") { $0.behavior.minimum = 0 },
    Wrong(field: "replicas.max") { $0.behavior.maximum = 1 },
    Wrong(field: "tolerance") { $0.tolerance = .nan },
    Wrong(field: "hysteresis") { $0.hysteresis = -1 },
    Wrong(field: "evaluation") { $0.evaluation = .zero },
    Wrong(field: "stale_after") { $0.staleAfter = .zero },
    Wrong(field: "scale_up.policies") { $0.behavior.up.policies = [] },
    Wrong(field: "scale_down.window") { $0.behavior.down.window = .seconds(-1) },
    Wrong(field: "scale_down.window") { $0.evaluation = .milliseconds(1) },
    Wrong(field: "panic.target") { $0.panic = PanicScaler.Policy(target: 0) },
    Wrong(field: "panic.threshold") { $0.panic = PanicScaler.Policy(target: 1, threshold: 1) },
  ]

  @Test(arguments: wrong)
  func aPolicyThatCannotBeMeantIsRefusedByName(wrong: Wrong) {
    var policy = Self.policy()
    wrong.change(&policy)
    do {
      _ = try Autoscaler(policy)
      Issue.record("taken, although \(wrong.field) cannot be meant")
    } catch {
      #expect(error.field == wrong.field)
    }
  }
}
