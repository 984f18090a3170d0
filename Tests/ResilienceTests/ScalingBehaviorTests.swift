import Resilience
import Testing

/// Policies, windows and bounds as tables.
@Suite struct ScalingBehaviorTests {
  private static let now = Sample.second(10_000)

  private static func rules(
    _ policies: [ScalingRules.Policy.Amount], _ selection: ScalingRules.Selection
  ) -> ScalingRules {
    ScalingRules(
      policies: policies.map { ScalingRules.Policy($0, per: .seconds(60)) }, selection: selection,
      window: .zero)
  }

  @Test(
    arguments: [
      ([.replicas(2), .percent(100)], .most, 20), ([.replicas(2), .percent(100)], .least, 12),
      ([.replicas(2), .percent(100)], .disabled, 10), ([.percent(1)], .most, 11),
      ([.replicas(40), .percent(100)], .most, 50),
    ] as [([ScalingRules.Policy.Amount], ScalingRules.Selection, Int)])
  func theUpperLimit(
    amounts: [ScalingRules.Policy.Amount], selection: ScalingRules.Selection, limit: Int
  ) {
    let rules = Self.rules(amounts, selection)
    #expect(rules.upperLimit(10, history: ScaleHistory(), at: Self.now) == limit)
  }

  @Test(
    arguments: [
      ([.replicas(2), .percent(50)], .most, 5), ([.replicas(2), .percent(50)], .least, 8),
      ([.replicas(2), .percent(50)], .disabled, 10), ([.percent(1)], .most, 9),
      ([.percent(100)], .most, 0),
    ] as [([ScalingRules.Policy.Amount], ScalingRules.Selection, Int)])
  func theLowerLimit(
    amounts: [ScalingRules.Policy.Amount], selection: ScalingRules.Selection, limit: Int
  ) {
    let rules = Self.rules(amounts, selection)
    #expect(max(rules.lowerLimit(10, history: ScaleHistory(), at: Self.now), 0) == limit)
  }

  @Test func whatHappenedWithinThePeriodIsTakenOffTheLimit() {
    let rules = Self.rules([.replicas(5)], .most)
    let history = ScaleHistory(
      ups: [
        ScaleEvent(change: 3, at: Sample.second(9_941)),
        // A period ago to the nanosecond: it counts no more.
        ScaleEvent(change: 50, at: Sample.second(9_940)),
      ], downs: [ScaleEvent(change: 1, at: Sample.second(9_990))])
    #expect(rules.upperLimit(10, history: history, at: Self.now) == 13)
    #expect(rules.lowerLimit(10, history: history, at: Self.now) == 3)
  }

  @Test func moreThanTheLimitHappenedSoNothingMayHappen() {
    let rules = Self.rules([.replicas(2)], .most)
    let history = ScaleHistory(
      ups: [ScaleEvent(change: 5, at: Sample.second(9_990))],
      downs: [ScaleEvent(change: 9, at: Sample.second(9_990))])
    #expect(rules.upperLimit(10, history: ScaleHistory(ups: history.ups), at: Self.now) == 10)
    #expect(rules.lowerLimit(10, history: ScaleHistory(downs: history.downs), at: Self.now) == 10)
  }

  @Test(arguments: [
    (5, 9, 0, 0, 9), (5, 9, 300, 0, 5), (5, 3, 0, 0, 3), (5, 3, 0, 300, 5), (2, 3, 300, 300, 3),
    (2, 9, 300, 300, 5),
    (9, 3, 0, 300, 6),
  ])
  func theMostCarefulRecommendationOfTheWindowDecides(
    current: Int, desired: Int, up: Int, down: Int, result: Int
  ) {
    let recent = Recommendations([
      Recommendations.Entry(replicas: 5, at: Sample.second(9_900)),
      Recommendations.Entry(replicas: 6, at: Sample.second(9_950)),
      Recommendations.Entry(replicas: 1, at: Sample.second(9_700)),
      Recommendations.Entry(replicas: 99, at: Sample.second(9_700)),
    ])
    let found = recent.stabilized(
      desired, current: current, up: .seconds(up), down: .seconds(down), at: Self.now)
    #expect(found == result)
  }

  @Test func panicNeverTakesAwayAndEndsAfterAStableWindow() {
    var scaler = PanicScaler(PanicScaler.Policy(target: 10))
    let burst = scaler.decide(stable: 20, panic: 60, ready: 2, at: Sample.second(0))
    #expect(burst.isPanicking)
    #expect(burst.desired == 6)
    let lull = scaler.decide(stable: 10, panic: 1, ready: 6, at: Sample.second(30))
    #expect(lull.desired == 6)
    let still = scaler.decide(stable: 10, panic: 1, ready: 6, at: Sample.second(60))
    #expect(still.isPanicking)
    let over = scaler.decide(stable: 10, panic: 1, ready: 6, at: Sample.second(61))
    #expect(!over.isPanicking)
    // Down by no more than half at once.
    #expect(over.desired == 3)
  }
}
