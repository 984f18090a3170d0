/// What is measured of a simulated service.
struct SimulatedGauges {
  private var recent: [SimulatedService.Passed] = []
  private var interval: [SimulatedService.Passed] = []
  private(set) var offeredTotal = 0.0
  private(set) var shedTotal = 0.0
  private(set) var replicaSeconds = 0.0
  private(set) var waitMax = Duration.zero
  /// How long the last of each tick waits.
  private(set) var waits: [(at: Duration, wait: Duration)] = []
  private var elapsed = Duration.zero

  mutating func add(_ passed: SimulatedService.Passed) {
    elapsed += passed.length
    recent.append(passed)
    if recent.count > AutoscaleSimulation.gaugeTicks { recent.removeFirst() }
    interval.append(passed)
    offeredTotal += passed.arrived
    shedTotal += passed.shed
    replicaSeconds += Double(passed.replicas) * passed.length.inSeconds
    waitMax = max(waitMax, passed.wait)
    waits.append((elapsed, passed.wait))
  }

  mutating func beginInterval() { interval.removeAll(keepingCapacity: true) }

  /// Means over the last second.
  var offered: Double { Self.mean(recent, \.offered) }
  var busy: Double { Self.mean(recent, \.busy) }
  var waiting: Double { Self.mean(recent, \.waiting) }
  /// The mean since the last evaluation.
  var offeredMean: Double { Self.mean(interval, \.offered) }

  func point(
    at now: Duration, _ service: SimulatedService, needed: Int, _ decision: ScaleDecision,
    _ scenario: AutoscaleScenario
  ) -> SimulationReport.Point {
    let seconds = max(interval.reduce(.zero) { $0 + $1.length }.inSeconds, .leastNonzeroMagnitude)
    func rate(_ part: (SimulatedService.Passed) -> Double) -> Double {
      interval.reduce(0) { $0 + part($1) } / seconds
    }
    return SimulationReport.Point(
      atS: now.inSeconds, offered: rate { $0.arrived }, completed: rate { $0.completed },
      shed: rate { $0.shed }, replicas: decision.desired, ready: service.ready(at: now),
      needed: needed, queueWaitMs: (interval.map(\.wait).max() ?? .zero).inSeconds * 1000,
      decision: decision)
  }

  private static func mean(
    _ ticks: [SimulatedService.Passed], _ part: (SimulatedService.Passed) -> Double
  ) -> Double {
    ticks.isEmpty ? 0 : ticks.reduce(0) { $0 + part($1) } / Double(ticks.count)
  }
}

extension SimulationReport {
  /// The sums over all that happened.
  mutating func finish(_ scenario: AutoscaleScenario, _ gauges: SimulatedGauges) {
    let most = points.map(\.replicas).max() ?? 0
    let needed = points.map(\.needed).max() ?? 0
    overshoot = needed > 0 ? max(0, Double(most) / Double(needed) - 1) : 0
    shedShare = gauges.offeredTotal > 0 ? gauges.shedTotal / gauges.offeredTotal : 0
    replicaSeconds = gauges.replicaSeconds
    queueWaitMsMax = gauges.waitMax.inSeconds * 1000
    settle(scenario, gauges)
    countChanges(window: scenario.policy.behavior.down.window)
  }

  private mutating func settle(_ scenario: AutoscaleScenario, _ gauges: SimulatedGauges) {
    let begin: Duration
    let end: Duration
    switch scenario.shape {
    case .step(_, let from, let until): (begin, end) = (from, until)
    case .ramp(_, let from, _, let until): (begin, end) = (from, until)
    case .constant, .sine: (begin, end) = (.zero, scenario.length)
    }
    let late = gauges.waits.last {
      $0.at > begin && $0.at <= end && $0.wait > scenario.waitTarget
    }
    settlingS = late.map { ($0.at - begin).inSeconds } ?? 0
  }

  private mutating func countChanges(window: Duration) {
    var changes: [Double] = []
    var before: Int?
    var wasUp: Bool?
    for point in points {
      let current = before ?? point.decision.current
      if point.replicas != current {
        let isUp = point.replicas > current
        if let wasUp, wasUp != isUp { changes.append(point.atS) }
        wasUp = isUp
      }
      before = point.replicas
    }
    directionChanges = changes.count
    directionChangesPerWindow =
      changes.map { from in
        changes.count { $0 >= from && $0 < from + window.inSeconds }
      }.max() ?? 0
  }
}
