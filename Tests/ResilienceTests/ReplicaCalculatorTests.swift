import Resilience
import Testing

/// What a metric asks for, where other libraries' facts say nothing.
@Suite struct ReplicaCalculatorTests {
  private static func utilization(
    _ usages: [Int64?], percent: Int64, states: [Int: ReplicaSample.State] = [:]
  ) -> MetricReading {
    let samples = usages.enumerated().map { index, usage in
      ReplicaSample(usage: usage, state: states[index] ?? .ready)
    }
    return MetricReading(
      name: "utilization",
      source: .replicas(
        samples, target: .utilization(percent: percent, request: 1000), ignoringUnready: true))
  }

  private static func service(
    _ value: Int64?, _ target: MetricReading.ServiceTarget, ready: Int = 3
  ) -> MetricReading {
    MetricReading(name: "service", source: .service(value, target: target, ready: ready))
  }

  private func verdict(_ reading: MetricReading, current: Int) -> MetricVerdict {
    ReplicaCalculator().verdict(on: reading, current: current)
  }

  @Test(
    arguments: [
      ([nil, nil], MetricVerdict.Invalid.noMetrics), ([], .noReplicas), ([-1, 5], .negative),
      ([.max, .max], .overflow), ([.max / 50], .overflow),
    ] as [([Int64?], MetricVerdict.Invalid)])
  func whatCannotBeReadIsInvalidAndNeverZero(
    usages: [Int64?], invalid: MetricVerdict.Invalid
  ) {
    let found = verdict(Self.utilization(usages, percent: 50), current: 2)
    #expect(found.invalid == invalid)
    #expect(found.proposed == nil)
  }

  @Test(
    arguments: [
      (nil, .value(5), .noValue), (-1, .value(5), .negative), (5, .value(0), .target),
      (5, .averageValue(-1), .target),
    ] as [(Int64?, MetricReading.ServiceTarget, MetricVerdict.Invalid)])
  func aValueThatIsNoneIsInvalid(
    value: Int64?, target: MetricReading.ServiceTarget, invalid: MetricVerdict.Invalid
  ) {
    let found = verdict(Self.service(value, target), current: 3)
    #expect(found.invalid == invalid)
    #expect(found.proposed == nil)
  }

  /// Usages, target, and replicas wanted of as many as there are samples.
  @Test(
    arguments: [
      // Exactly at the tolerance, both ways: nothing changes. Just beyond: something does.
      ([550], 50, 1), ([560], 50, 2), ([450, 450], 50, 2), ([440, 440], 50, 2),
      ([400, 400], 50, 2), ([250, 250], 50, 1),
      // Percents are whole: 559 of 1000 is 55 %.
      ([559], 50, 1),
      ([0, 0], 50, 0),
    ] as [([Int64?], Int64, Int)])
  func toleranceAndRounding(usages: [Int64?], percent: Int64, wanted: Int) {
    let found = verdict(Self.utilization(usages, percent: percent), current: usages.count)
    #expect(found.proposed == wanted)
  }

  @Test func aSilentReplicaCountsAsFullWhenThereIsLittleToDo() {
    let found = verdict(Self.utilization([100, 100, 100, nil], percent: 50), current: 4)
    #expect(found.ratio == 0.2)
    #expect(found.adjustedRatio == 0.64)
    #expect(found.proposed == 3)
  }

  @Test func aSilentReplicaCountsAsTheTargetIfThatIsMore() {
    let found = verdict(Self.utilization([1000, nil], percent: 200), current: 2)
    #expect(found.adjustedRatio == 0.75)
    #expect(found.proposed == 2)
  }

  @Test func aSilentReplicaCountsAsIdleWhenThereIsMuchToDo() {
    let found = verdict(Self.utilization([1000, nil], percent: 25), current: 2)
    #expect(found.ratio == 4)
    #expect(found.adjustedRatio == 2)
    #expect(found.proposed == 4)
  }

  @Test func theUnknownNeverTurnsTheDirection() {
    let up = verdict(Self.utilization([600, nil, nil], percent: 50), current: 3)
    #expect(up.kept == .direction)
    #expect(up.proposed == 3)
    let down = verdict(Self.utilization([400, nil], percent: 50), current: 2)
    #expect(down.kept == .direction)
    #expect(down.proposed == 2)
  }

  @Test func startingReplicasCountAsIdleOnlyWhenScalingUp() {
    let states: [Int: ReplicaSample.State] = [1: .unready, 2: .pending]
    let up = verdict(Self.utilization([1000, 0, nil], percent: 50, states: states), current: 3)
    #expect(up.kept == .direction)
    let down = verdict(Self.utilization([100, 900, nil], percent: 50, states: states), current: 3)
    #expect(down.proposed == 1)
  }

  @Test func failedAndDeletedReplicasAreNotThere() {
    let states: [Int: ReplicaSample.State] = [1: .failed, 2: .deleted]
    let found = verdict(Self.utilization([1000, 9, nil], percent: 50, states: states), current: 1)
    #expect(found.adjustedRatio == nil)
    #expect(found.proposed == 2)
  }

  @Test func fromNothingTheValueDecides() {
    #expect(verdict(Self.service(11, .value(5), ready: 0), current: 0).proposed == 3)
    #expect(verdict(Self.service(11, .averageValue(5), ready: 0), current: 0).proposed == 3)
    #expect(verdict(Self.service(0, .averageValue(5), ready: 0), current: 0).proposed == 0)
  }

  @Test func hugeRatiosStayCounts() {
    let found = verdict(Self.service(.max, .averageValue(1)), current: 3)
    #expect(found.proposed == Int(Int32.max))
  }
}
