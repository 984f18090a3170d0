import Resilience
import Testing

/// The autoscaler in a loop with the service it scales, over a thousand seeded scenarios.
@Suite struct ClosedLoopTests {
  private static let kinds = AutoscaleScenario.Kind.allCases

  private struct Run: Sendable {
    let scenario: AutoscaleScenario
    let report: SimulationReport
    var words: String { "\(scenario.kind.rawValue), seed \(scenario.seed)" }
  }

  /// A thousand and eight: as many of each kind.
  private static let runs: [Run] = (0..<UInt64(1_008)).compactMap { seed in
    let scenario = AutoscaleScenario(kinds[Int(seed) % kinds.count], seed: seed)
    return (try? AutoscaleSimulation.run(scenario)).map { Run(scenario: scenario, report: $0) }
  }

  @Test func everyScenarioRuns() {
    #expect(Self.runs.count == 1_008)
    #expect(Self.runs.allSatisfy { $0.report.points.count > 100 })
    // They are no scenarios in which nothing happens.
    let changing = Self.runs.filter {
      $0.report.points.contains { $0.replicas != $0.decision.current }
    }
    #expect(changing.count > 900)
  }

  @Test func replicasStayWithinTheirBounds() {
    for run in Self.runs {
      let bounds = run.scenario.policy.behavior
      let outside = run.report.points.first {
        $0.replicas < bounds.minimum || $0.replicas > bounds.maximum
      }
      #expect(outside == nil, "\(run.words)")
    }
  }

  @Test func directionChangesAtMostOnceInAStabilizationWindow() {
    for run in Self.runs {
      #expect(run.report.directionChangesPerWindow <= 1, "\(run.words)")
    }
  }

  @Test func afterAStepTheQueueIsBackUnderItsTargetWithinTwoEvaluations() {
    for run in Self.runs where run.scenario.kind == .step || run.scenario.kind == .spike {
      let most = 2 * (run.scenario.policy.evaluation / .seconds(1))
      #expect(run.report.settlingS <= most, "\(run.words)")
    }
    // The steps are worth the name: at some of them work had to wait too long, and was shed.
    let steps = Self.runs.filter { $0.scenario.kind == .step }
    #expect(steps.contains { $0.report.shedShare > 0 })
    #expect(steps.contains { $0.report.settlingS > 0 })
  }

  @Test func missingOrStaleDataNeverTakeAReplicaAway() {
    var blind = 0
    for run in Self.runs {
      for point in run.report.points where !point.decision.hasAllData {
        blind += 1
        #expect(point.decision.desired >= point.decision.current, "\(run.words) at \(point.atS)")
      }
    }
    #expect(blind > 1_000)
  }

  @Test func aRestartTakesNoReplicaAwayForAWindow() throws {
    for run in Self.runs where run.scenario.kind == .restart {
      let restart = try #require(run.scenario.restart) / .seconds(1)
      let window = run.scenario.policy.behavior.down.window / .seconds(1)
      let early = run.report.points.first {
        $0.atS > restart && $0.atS < restart + window && $0.decision.desired < $0.decision.current
      }
      #expect(early == nil, "\(run.words)")
    }
  }

  /// Replicas that are long in starting must not be ordered over and over.
  @Test func slowStartsDoNotRunAway() {
    for run in Self.runs where run.scenario.kind == .slowStart {
      let most = run.report.points.map(\.replicas).max() ?? 0
      let needed = run.report.points.map(\.needed).max() ?? 0
      #expect(most <= needed + max(4, needed / 2), "\(run.words)")
    }
  }

  @Test func theSameSeedGivesTheSameRun() throws {
    for kind in Self.kinds {
      let first = try AutoscaleSimulation.run(AutoscaleScenario(kind, seed: 42))
      let second = try AutoscaleSimulation.run(AutoscaleScenario(kind, seed: 42))
      #expect(first == second)
      let other = try AutoscaleSimulation.run(AutoscaleScenario(kind, seed: 43))
      #expect(first.points != other.points)
    }
  }

  /// A load that turns as fast as the window is long is followed, not fought: a rise is answered at
  /// once, and only a rise may follow a fall within a window, never a fall a rise.
  @Test(arguments: 0..<UInt64(40))
  func noReplicaIsTakenAwayWithinAWindowOfARise(seed: UInt64) throws {
    var scenario = AutoscaleScenario(.sine, seed: seed)
    scenario.shape = .sine(factor: 6, period: .seconds(60 + Int64(seed) * 10))
    scenario.policy.behavior.maximum = 200
    let report = try AutoscaleSimulation.run(scenario)
    let window = scenario.policy.behavior.down.window / .seconds(1)
    var lastRise = -Double.infinity
    for point in report.points {
      let change = point.decision.desired - point.decision.current
      if change < 0 { #expect(point.atS - lastRise >= window, "at \(point.atS)") }
      if change > 0 { lastRise = point.atS }
    }
    #expect(lastRise > 0)
  }
}
