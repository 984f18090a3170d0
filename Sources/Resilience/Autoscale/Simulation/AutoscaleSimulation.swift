/// A service and its autoscaler in a closed loop, in virtual time: what the autoscaler decides
/// changes what it sees next. Work is a fluid: no command is looked at by itself, and the same
/// scenario gives the same report on every machine.
package struct AutoscaleSimulation {
  /// The resolution of time.
  package static let tick = Duration.milliseconds(250)
  /// Gauges are means over so long before they are read.
  static let gaugeTicks = 4

  private let scenario: AutoscaleScenario
  private var autoscaler: Autoscaler
  private var random: SplitMix64
  private var service: SimulatedService
  private var gauges = SimulatedGauges()
  /// The last measurement that arrived.
  private var lastReadings: (metrics: [MetricReading], demand: Double)?
  private var report: SimulationReport

  /// Fails if the scenario's policy cannot be meant.
  package init(_ scenario: AutoscaleScenario) throws(PolicyError) {
    self.scenario = scenario
    autoscaler = try Autoscaler(scenario.policy)
    random = SplitMix64(seed: scenario.seed ^ 0x5EED)
    let wanted = scenario.baseDemand * scenario.shape.multiple(at: .zero) / scenario.replica.target
    service = SimulatedService(
      scenario.replica,
      replicas: min(
        max(Replicas.count(up: wanted), scenario.policy.behavior.minimum),
        scenario.policy.behavior.maximum))
    report = SimulationReport(scenario: scenario.kind.rawValue, seed: scenario.seed)
  }

  /// Plays the scenario to its end.
  package static func run(_ scenario: AutoscaleScenario) throws(PolicyError) -> SimulationReport {
    var simulation = try AutoscaleSimulation(scenario)
    simulation.play()
    return simulation.report
  }

  private mutating func play() {
    var now = Duration.zero
    var next = scenario.phase
    var restart = scenario.restart
    while now < scenario.length {
      if let due = restart, now >= due {
        restart = nil
        // The policy was fine when the simulation began.
        if let fresh = try? Autoscaler(scenario.policy) { autoscaler = fresh }
      }
      if now >= next {
        evaluate(at: now)
        next += scenario.policy.evaluation
      }
      let swing = scenario.noise * (2 * random.unit() - 1)
      let demand = scenario.baseDemand * scenario.shape.multiple(at: now) * (1 + swing)
      let passed = service.pass(Self.tick, demand: demand, at: now)
      gauges.add(passed)
      now += Self.tick
    }
    report.finish(scenario, gauges)
  }

  private mutating func evaluate(at now: Duration) {
    let instant = MonotonicInstant(nanoseconds: now.wholeNanoseconds)
    let isLost = scenario.lost?.contains(now) ?? false
    let isStale = scenario.stale?.contains(now) ?? false
    var seen: (metrics: [MetricReading], demand: Double?)
    if isLost {
      seen = (service.blankReadings(), nil)
    } else if isStale, let last = lastReadings {
      seen = (last.metrics, nil)
    } else {
      let metrics = service.readings(gauges, at: instant)
      lastReadings = (metrics, gauges.offeredMean)
      seen = (metrics, gauges.offeredMean)
    }
    let decision = autoscaler.decide(
      Autoscaler.Observation(
        replicas: service.replicas, ready: service.ready(at: now), metrics: seen.metrics,
        demand: seen.demand), at: instant)
    let needed = scenario.baseDemand * scenario.shape.multiple(at: now) / scenario.replica.target
    report.points.append(
      gauges.point(
        at: now, service, needed: max(Replicas.count(up: needed), 1), decision, scenario))
    service.resize(to: decision.desired, at: now)
    gauges.beginInterval()
  }
}
