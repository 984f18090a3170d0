/// A load, a service that carries it, and what goes wrong on the way.
package struct AutoscaleScenario: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    case step, ramp, sine, spike, noise, restart
    case metricLoss = "metric-loss"
    case staleData = "stale-data"
    case slowStart = "slow-start"
  }

  /// What one replica is.
  package struct Replica: Hashable, Sendable {
    /// Commands at once.
    package var concurrency = 10.0
    /// Of one command.
    package var serviceTime = Duration.milliseconds(100)
    /// Commands that may wait; what comes beyond that is shed.
    package var mailbox = 40.0
    /// From being wanted to being ready.
    package var start = Duration.zero
    /// The share of its concurrency that the autoscaler aims at.
    package var targetUtilization = 0.7

    package init() {}

    /// Commands at once that one replica should carry.
    package var target: Double { concurrency * targetUtilization }
  }

  package var kind: Kind
  package var seed: UInt64
  package var shape: LoadShape
  /// Concurrent commands offered at multiple one.
  package var baseDemand: Double
  /// Each 250 ms the load is off by up to this share, evenly spread.
  package var noise: Double
  package var length = Duration.seconds(900)
  package var replica = Replica()
  package var policy: AutoscalePolicy
  /// When nothing can be measured.
  package var lost: Range<Duration>?
  /// When the last measurement before it is repeated.
  package var stale: Range<Duration>?
  /// When the autoscaler forgets everything.
  package var restart: Duration?
  /// How long after a beginning it is looked first.
  package var phase: Duration
  /// A command should not wait longer.
  package var waitTarget = Duration.milliseconds(100)

  /// A scenario of a kind; the seed decides all that is not given. The most replicas allowed carry
  /// the peak of the load, noise included.
  package init(_ kind: Kind, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * random.unit() }
    self.kind = kind
    self.seed = seed
    baseDemand = between(3, 60)
    let factor = between(2, 10)
    let from = Duration.seconds(between(60, 120))
    let hold = Duration.seconds(between(150, 300))
    phase = .milliseconds(Int64(between(0, 5_000)))
    noise = kind == .noise ? between(0.05, 0.3) : between(0, 0.05)
    switch kind {
    case .step, .slowStart, .restart: shape = .step(factor: factor, from: from, until: from + hold)
    case .spike:
      shape = .step(factor: factor, from: from, until: from + .seconds(between(5, 40)))
    case .ramp, .metricLoss, .staleData:
      shape = .ramp(factor: factor, from: from, peak: from + hold, until: from + hold * 2)
    // Five windows and more: a load that turns within a window is no autoscaler's flutter.
    case .sine: shape = .sine(factor: factor, period: .seconds(between(600, 900)))
    case .noise: shape = .constant
    }
    if kind == .slowStart { replica.start = .seconds(between(5, 40)) }
    let fault = Duration.seconds(between(100, 500))
    let faultLength = Duration.seconds(between(30, 200))
    if kind == .metricLoss { lost = fault..<(fault + faultLength) }
    if kind == .staleData { stale = fault..<(fault + faultLength) }
    if kind == .restart { restart = from + .seconds(between(-20, 200)) }
    let peak = baseDemand * shape.peak * (1 + noise) / replica.target
    policy = .pool(
      minimum: 1, maximum: Replicas.count(up: peak) + Int(between(0, 5)), target: replica.target)
  }
}
