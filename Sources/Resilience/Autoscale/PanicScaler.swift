/// Bursts, in the manner of Knative's pod autoscaler (knative/serving, pkg/autoscaler/scaling):
/// a short window beside the stable one; when it asks for twice of what is there, replicas only
/// grow until the burst has passed through the stable window.
package struct PanicScaler: Hashable, Sendable {
  package struct Policy: Hashable, Sendable {
    /// Demand that one replica should carry.
    package var target: Double
    package var stableWindow: Duration
    /// Of the stable window.
    package var panicShare: Double
    /// Panic begins when the panic window asks for so many times the ready replicas.
    package var threshold: Double
    /// At most so many times the ready replicas at once.
    package var maxScaleUpRate: Double
    /// At most down to the ready replicas divided by this at once.
    package var maxScaleDownRate: Double
    /// Below so many replicas there is nothing between zero and them.
    package var activationScale: Int

    package init(
      target: Double, stableWindow: Duration = .seconds(60), panicShare: Double = 0.1,
      threshold: Double = 2, maxScaleUpRate: Double = 1_000, maxScaleDownRate: Double = 2,
      activationScale: Int = 1
    ) {
      self.target = target
      self.stableWindow = stableWindow
      self.panicShare = panicShare
      self.threshold = threshold
      self.maxScaleUpRate = maxScaleUpRate
      self.maxScaleDownRate = maxScaleDownRate
      self.activationScale = activationScale
    }

    package var panicWindow: Duration { stableWindow * panicShare }
  }

  /// What it found, and the replicas it asks for.
  package struct Verdict: Hashable, Sendable, Encodable {
    package var stableReplicas: Int
    package var panicReplicas: Int
    package var isPanicking: Bool
    /// More than this at once it never asks for.
    package var upperLimit: Int
    package var desired: Int
  }

  package let policy: Policy
  /// When the threshold was last crossed; nil outside of panic.
  package private(set) var panicSince: MonotonicInstant?
  /// The most that was asked for in this panic.
  package private(set) var mostInPanic: Int

  /// Begins in panic, if `panicSince` is given: the replicas are then held until there are data to
  /// decide on, as after a restart.
  package init(_ policy: Policy, panicSince: MonotonicInstant? = nil, mostInPanic: Int = 0) {
    self.policy = policy
    self.panicSince = panicSince
    self.mostInPanic = panicSince == nil ? 0 : mostInPanic
  }

  /// Decides on the demand in both windows. Unreachable services may go to nothing at once.
  package mutating func decide(
    stable: Double, panic: Double, ready: Int, reachable: Bool = true, at now: MonotonicInstant
  ) -> Verdict {
    let base = Double(max(1, ready))
    // Rounded so that a cautious rate still moves by one.
    let most = (policy.maxScaleUpRate * base).rounded(.up)
    let least = reachable ? (base / policy.maxScaleDownRate).rounded(.down) : 0
    let wantedStable = (stable / policy.target).rounded(.up)
    let wantedPanic = (panic / policy.target).rounded(.up)
    var verdict = Verdict(
      stableReplicas: Replicas.count(truncating: min(max(wantedStable, least), most)),
      panicReplicas: Replicas.count(truncating: min(max(wantedPanic, least), most)),
      isPanicking: false, upperLimit: Replicas.count(truncating: most), desired: 0)
    if policy.activationScale > 1 {
      if wantedStable > 0 {
        verdict.stableReplicas = max(verdict.stableReplicas, policy.activationScale)
      }
      if wantedPanic > 0 {
        verdict.panicReplicas = max(verdict.panicReplicas, policy.activationScale)
      }
    }
    update(isOver: wantedPanic / base >= policy.threshold, at: now)
    verdict.desired = verdict.stableReplicas
    if panicSince != nil {
      mostInPanic = max(mostInPanic, verdict.stableReplicas, verdict.panicReplicas)
      verdict.isPanicking = true
      verdict.desired = mostInPanic
    }
    return verdict
  }

  private mutating func update(isOver: Bool, at now: MonotonicInstant) {
    if isOver {
      panicSince = now
    } else if let since = panicSince, since.advanced(by: policy.stableWindow) < now {
      panicSince = nil
      mostInPanic = 0
    }
  }
}
