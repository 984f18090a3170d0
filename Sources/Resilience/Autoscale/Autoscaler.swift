/// Decides how many replicas a service should have: Kubernetes' horizontal pod autoscaler, with a
/// panic window for bursts. Pure: time and what was seen are handed in, and the same inputs give
/// the same decisions.
///
/// What it holds besides Kubernetes: where data are missing or stale it records what is there as
/// its recommendation, so that a gap in the data is followed by a whole window of patience, and
/// so is a start; soon after a scale-down a small rise waits, and while the load rises nothing is
/// taken away.
package struct Autoscaler: Hashable, Sendable {
  /// What is seen at an evaluation.
  package struct Observation: Hashable, Sendable {
    /// Those wanted now, starting ones included.
    package var replicas: Int
    /// Those that can work.
    package var ready: Int
    package var metrics: [MetricReading]
    /// Mean demand since the last evaluation, in the unit of the panic policy's target; nil if it
    /// is not known.
    package var demand: Double?

    package init(replicas: Int, ready: Int, metrics: [MetricReading], demand: Double? = nil) {
      self.replicas = replicas
      self.ready = ready
      self.metrics = metrics
      self.demand = demand
    }
  }

  package let policy: AutoscalePolicy
  private var recommendations = Recommendations()
  private var history = ScaleHistory()
  private var panic: PanicScaler?
  private var demand: DemandWindow
  /// When replicas were last taken away, or the autoscaler began.
  private var lastDown: MonotonicInstant?

  package init(_ policy: AutoscalePolicy) throws(PolicyError) {
    self.policy = try policy.checked()
    panic = policy.panic.map { PanicScaler($0) }
    demand = DemandWindow(length: policy.panic?.stableWindow ?? .zero)
  }

  /// The decision, which counts as carried out: the rates of the next ones include it.
  package mutating func decide(
    _ seen: Observation, at now: MonotonicInstant
  ) -> ScaleDecision {
    let current = seen.replicas
    if recommendations.entries.isEmpty {
      record(current, at: now)
      lastDown = now
    }
    var decision = ScaleDecision(
      at: now, current: current, ready: seen.ready,
      metrics: seen.metrics.map { verdict(on: $0, current: current, at: now) }, desired: current)
    let burst = panicVerdict(seen, at: now)
    decision.panic = burst
    if let outside = outsideOfBounds(current) {
      decision.desired = outside.replicas
      decision.bounds.append(outside.bound)
    } else {
      recommend(&decision, burst)
      hold(&decision, at: now)
    }
    carryOut(decision, at: now)
    return decision
  }

  private func verdict(
    on reading: MetricReading, current: Int, at now: MonotonicInstant
  ) -> MetricVerdict {
    if let measuredAt = reading.measuredAt, measuredAt.advanced(by: policy.staleAfter) < now {
      var verdict = MetricVerdict(name: reading.name)
      verdict.invalid = .stale
      return verdict
    }
    return ReplicaCalculator(tolerance: policy.tolerance).verdict(on: reading, current: current)
  }

  private mutating func panicVerdict(
    _ seen: Observation, at now: MonotonicInstant
  ) -> PanicScaler.Verdict? {
    guard let rules = policy.panic, let value = seen.demand, value.isFinite, value >= 0 else {
      return nil
    }
    demand.record(value, at: now)
    guard let stable = demand.mean(over: rules.stableWindow, at: now) else { return nil }
    // Looked at more rarely than the panic window is long, the last reading is that window.
    let burst = demand.mean(over: rules.panicWindow, at: now) ?? value
    return panic?.decide(stable: stable, panic: burst, ready: seen.ready, at: now)
  }

  /// Bounds that a change of the policy has moved hold at once, data or none.
  private func outsideOfBounds(_ current: Int) -> (replicas: Int, bound: ScaleDecision.Bound)? {
    if current > policy.behavior.maximum { return (policy.behavior.maximum, .maximum) }
    if current < policy.behavior.minimum { return (policy.behavior.minimum, .minimum) }
    return nil
  }

  /// The most that any valid metric asks for. With an invalid one among them nothing is taken
  /// away, and in panic nothing is either.
  private func recommend(_ decision: inout ScaleDecision, _ burst: PanicScaler.Verdict?) {
    let valid = decision.metrics.filter { $0.proposed != nil }
    let chosen = valid.max { ($0.proposed ?? 0) < ($1.proposed ?? 0) }
    decision.metric = chosen?.name
    decision.recommended = chosen?.proposed
    if chosen == nil {
      decision.bounds.append(.noData)
    } else if let kept = chosen?.kept {
      decision.bounds.append(kept == .tolerance ? .tolerance : .direction)
    }
    if let wanted = decision.recommended, wanted < decision.current, !decision.hasAllData {
      decision.bounds.append(.partialData)
      decision.recommended = decision.current
    }
    guard panic?.panicSince != nil else { return }
    let asked = decision.recommended ?? decision.current
    let held = max(asked, burst?.desired ?? 0, decision.current)
    if held != asked { decision.bounds.append(.panic) }
    decision.recommended = held
  }

  /// From what is asked for to what is done: hysteresis, windows, rates and bounds.
  private mutating func hold(_ decision: inout ScaleDecision, at now: MonotonicInstant) {
    let current = decision.current
    guard let wanted = decision.recommended else {
      record(current, at: now)
      return
    }
    let isPanicking = panic?.panicSince != nil
    let behavior = policy.behavior
    let stable = recommendations.stabilized(
      wanted, current: current, up: isPanicking ? .zero : behavior.up.window,
      down: behavior.down.window, at: now)
    let isRising = isRising(wanted, at: now)
    record(wanted, at: now)
    var next = stable
    if stable != wanted {
      decision.bounds.append(wanted > stable ? .upWindow : .downWindow)
    }
    if next > current, isFlutter(decision, at: now) {
      decision.bounds.append(.hysteresis)
      next = current
    }
    if next < current, isRising {
      decision.bounds.append(.rising)
      next = current
    }
    let rate = behavior.up.upperLimit(current, history: history, at: now)
    let burstRate = isPanicking ? decision.panic.map { max($0.upperLimit, rate) } : nil
    let limited = behavior.limited(
      next, current: current, history: history, at: now, upLimit: burstRate ?? rate)
    switch limited.limit {
    case .within: break
    case .scaleUpLimit: decision.bounds.append(.upPolicy)
    case .scaleDownLimit: decision.bounds.append(.downPolicy)
    case .tooMany: decision.bounds.append(.maximum)
    case .tooFew: decision.bounds.append(.minimum)
    }
    decision.desired = min(max(limited.replicas, behavior.minimum), behavior.maximum)
  }

  /// Whether more is asked for than a while ago. What a falling load left behind is not taken from a
  /// load that has begun to rise: it would be fetched back at once.
  private func isRising(_ wanted: Int, at now: MonotonicInstant) -> Bool {
    let window = policy.behavior.down.window
    guard let lowest = recommendations.lowest(within: window, at: now) else { return false }
    return Double(wanted - lowest) > max(1, policy.tolerance * Double(lowest))
  }

  /// Whether more is asked for so soon after a scale-down, and by so little, that it may wait.
  private func isFlutter(_ decision: ScaleDecision, at now: MonotonicInstant) -> Bool {
    guard let lastDown, lastDown.advanced(by: policy.behavior.down.window) > now else {
      return false
    }
    let ratios = decision.metrics.compactMap { $0.adjustedRatio ?? $0.ratio }
    guard let most = ratios.max() else { return false }
    return most <= 1 + policy.hysteresis
  }

  private mutating func record(_ replicas: Int, at now: MonotonicInstant) {
    let window = max(policy.behavior.up.window, policy.behavior.down.window)
    recommendations.record(replicas, at: now, horizon: now.advanced(by: .zero - window))
  }

  private mutating func carryOut(_ decision: ScaleDecision, at now: MonotonicInstant) {
    let memory = max(policy.behavior.up.memory, policy.behavior.down.memory)
    history.forget(before: now.advanced(by: .zero - memory))
    let change = decision.desired - decision.current
    if change > 0 {
      history.ups.append(ScaleEvent(change: change, at: now))
    } else if change < 0 {
      history.downs.append(ScaleEvent(change: -change, at: now))
      lastDown = now
    }
  }
}
