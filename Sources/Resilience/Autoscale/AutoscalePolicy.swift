/// How a service's replicas follow its load.
package struct AutoscalePolicy: Hashable, Sendable {
  /// Rules of both directions, and the fewest and the most replicas.
  package var behavior: ScalingBehavior
  /// A ratio as near to one as this changes nothing.
  package var tolerance: Double
  /// For one downward window after a scale-down, only a ratio further above one than this adds
  /// replicas: what a window has just let go is not fetched back for a flutter.
  package var hysteresis: Double
  /// nil: bursts are nothing special.
  package var panic: PanicScaler.Policy?
  /// How often it is looked.
  package var evaluation: Duration
  /// What was measured longer ago than this says nothing.
  package var staleAfter: Duration

  /// Kubernetes' defaults, and looking every 15 s.
  package init(
    behavior: ScalingBehavior, tolerance: Double = 0.1, hysteresis: Double = 0.25,
    panic: PanicScaler.Policy? = nil, evaluation: Duration = .seconds(15),
    staleAfter: Duration = .seconds(45)
  ) {
    self.behavior = behavior
    self.tolerance = tolerance
    self.hysteresis = hysteresis
    self.panic = panic
    self.evaluation = evaluation
    self.staleAfter = staleAfter
  }

  /// For replicas that are there at once, such as actors in a node: tenfold growth in one
  /// evaluation, and after two quiet minutes half of them may go every 15 s. `target` is the demand
  /// that one replica should carry.
  package static func pool(minimum: Int, maximum: Int, target: Double) -> AutoscalePolicy {
    AutoscalePolicy(
      behavior: ScalingBehavior(
        up: ScalingRules(
          policies: [
            ScalingRules.Policy(.replicas(4), per: .seconds(15)),
            ScalingRules.Policy(.percent(900), per: .seconds(15)),
          ], window: .zero),
        down: ScalingRules(
          policies: [
            ScalingRules.Policy(.percent(50), per: .seconds(15)),
            ScalingRules.Policy(.replicas(1), per: .seconds(15)),
          ], window: .seconds(120)), minimum: minimum, maximum: maximum),
      panic: PanicScaler.Policy(target: target), evaluation: .seconds(5), staleAfter: .seconds(10))
  }

  static let windowMax = Duration.seconds(3_600)

  /// The policy, if every value of it can be meant; the error names the first that cannot.
  package func checked() throws(PolicyError) -> AutoscalePolicy {
    try PolicyCheck.count("replicas.min", behavior.minimum, in: 1...Replicas.most)
    try PolicyCheck.count("replicas.max", behavior.maximum, in: behavior.minimum...Replicas.most)
    guard tolerance >= 0, tolerance < 1 else {
      throw PolicyError(field: "tolerance", problem: "\(tolerance) is not from 0 to below 1")
    }
    guard hysteresis >= 0, hysteresis <= 10 else {
      throw PolicyError(field: "hysteresis", problem: "\(hysteresis) is not between 0 and 10")
    }
    try PolicyCheck.duration("evaluation", evaluation, upTo: Self.windowMax)
    try PolicyCheck.duration("stale_after", staleAfter, upTo: Self.windowMax)
    try check("scale_up", behavior.up)
    try check("scale_down", behavior.down)
    if let panic { try check(panic) }
    return self
  }

  private func check(_ field: String, _ rules: ScalingRules) throws(PolicyError) {
    guard rules.window >= .zero, rules.window <= Self.windowMax else {
      throw PolicyError(
        field: "\(field).window", problem: "\(rules.window) is not from zero to \(Self.windowMax)")
    }
    guard rules.window / Recommendations.most <= evaluation else {
      throw PolicyError(
        field: "\(field).window",
        problem: "\(rules.window) is more than \(Recommendations.most) evaluations")
    }
    guard !rules.policies.isEmpty else {
      throw PolicyError(field: "\(field).policies", problem: "there are none")
    }
    for policy in rules.policies {
      try PolicyCheck.duration("\(field).policies.period", policy.period, upTo: Self.windowMax)
      switch policy.amount {
      case .replicas(let count), .percent(let count):
        try PolicyCheck.count("\(field).policies.value", count, in: 1...Replicas.most)
      }
    }
  }

  private func check(_ panic: PanicScaler.Policy) throws(PolicyError) {
    try PolicyCheck.duration("panic.stable_window", panic.stableWindow, upTo: Self.windowMax)
    try PolicyCheck.rate("panic.share", panic.panicShare)
    guard panic.target > 0, panic.target.isFinite else {
      throw PolicyError(field: "panic.target", problem: "\(panic.target) is not above zero")
    }
    guard panic.threshold > 1, panic.threshold <= 1_000 else {
      throw PolicyError(
        field: "panic.threshold", problem: "\(panic.threshold) is not above 1 and at most 1000")
    }
    guard panic.maxScaleUpRate > 1, panic.maxScaleUpRate.isFinite else {
      throw PolicyError(
        field: "panic.max_scale_up_rate", problem: "\(panic.maxScaleUpRate) is not above 1")
    }
    guard panic.maxScaleDownRate > 1, panic.maxScaleDownRate.isFinite else {
      throw PolicyError(
        field: "panic.max_scale_down_rate", problem: "\(panic.maxScaleDownRate) is not above 1")
    }
  }
}
