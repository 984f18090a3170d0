/// A load, a service that carries it, and what goes wrong on the way.
public struct AutoscaleScenario: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case step, ramp, sine, spike, noise, restart
    case metricLoss = "metric-loss"
    case staleData = "stale-data"
    case slowStart = "slow-start"
  }

  /// What one replica is.
  public struct Replica: Hashable, Sendable {
    /// Commands at once.
    public var concurrency = 10.0
    /// Of one command.
    public var serviceTime = Duration.milliseconds(100)
    /// Commands that may wait; what comes beyond that is shed.
    public var mailbox = 40.0
    /// From being wanted to being ready.
    public var start = Duration.zero
    /// The share of its concurrency that the autoscaler aims at.
    public var targetUtilization = 0.7

    public init() {}

    /// Commands at once that one replica should carry.
    public var target: Double { concurrency * targetUtilization }
  }

  public var kind: Kind
  public var seed: UInt64
  public var shape: LoadShape
  /// Concurrent commands offered at multiple one.
  public var baseDemand: Double
  /// Each 250 ms the load is off by up to this share, evenly spread.
  public var noise: Double
  public var length = Duration.seconds(900)
  public var replica = Replica()
  public var policy: AutoscalePolicy
  /// When nothing can be measured.
  public var lost: Range<Duration>?
  /// When the last measurement before it is repeated.
  public var stale: Range<Duration>?
  /// When the autoscaler forgets everything.
  public var restart: Duration?
  /// How long after a beginning it is looked first.
  public var phase: Duration
  /// A command should not wait longer.
  public var waitTarget = Duration.milliseconds(100)

  /// A scenario of a kind; the seed decides all that is not given. The most replicas allowed carry
  /// the peak of the load, noise included.
  public init(_ kind: Kind, seed: UInt64) {
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
