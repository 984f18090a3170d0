import Messages
import Resilience

extension Resilience.DependencyPolicy {
  /// The guard around charges, as the node's file describes it.
  init(_ payment: NodeConfig.Payment) {
    let breaker = payment.breaker
    self.init(
      breaker: .timed(
        window: breaker.window, minimumCalls: breaker.minimumCalls,
        failurePercent: breaker.failurePercent, slowCall: breaker.slowCall,
        slowPercent: breaker.slowPercent, openWait: breaker.openWait,
        openWaitMax: breaker.openWaitMax, probes: breaker.probes,
        callTimeout: payment.callTimeout),
      bulkhead: BulkheadQueue.Limits(
        concurrent: payment.bulkhead.concurrent, queued: payment.bulkhead.queued),
      queueTimeout: payment.bulkhead.queueTimeout,
      retry: RetryBudget.Policy(percent: payment.retryPercent))
  }

  /// What an operator sent. Throws for numbers that no policy can have; the rest is `validate`'s.
  /// - Parameter callTimeout: how long a call takes at most.
  init(_ message: Messages.DependencyPolicy, callTimeout: Duration) throws(PolicyError) {
    func time(_ field: String, _ ms: UInt64) throws(PolicyError) -> Duration {
      guard let ms = Int64(exactly: ms), ms <= 86_400_000 else {
        throw PolicyError(field: field, problem: "\(ms) is more than a day")
      }
      return .milliseconds(ms)
    }
    guard message.openWaitMaxMs >= message.openWaitMs else {
      throw PolicyError(
        field: "open_wait_max_ms",
        problem: "\(message.openWaitMaxMs) is less than open_wait_ms \(message.openWaitMs)")
    }
    self.init(
      breaker: .timed(
        window: try time("window_ms", message.windowMs), minimumCalls: Int(message.minimumCalls),
        failurePercent: Int(message.failurePercent),
        slowCall: try time("slow_call_ms", message.slowCallMs),
        slowPercent: Int(message.slowPercent),
        openWait: try time("open_wait_ms", message.openWaitMs),
        openWaitMax: try time("open_wait_max_ms", message.openWaitMaxMs),
        probes: Int(message.probes), callTimeout: callTimeout),
      bulkhead: BulkheadQueue.Limits(
        concurrent: Int(message.concurrent), queued: Int(message.queued)),
      queueTimeout: try time("queue_timeout_ms", message.queueTimeoutMs),
      retry: RetryBudget.Policy(percent: Int(message.retryPercent)))
  }
}

extension RetryBudget.Policy {
  /// Of 100 calls so many are repeated, and a few more where there are few calls; at 0 none at all.
  fileprivate init(percent: Int) {
    self.init(ratio: Double(percent) / 100)
    if percent == 0 { (minimumPerSecond, burst) = (0, 1) }
  }
}

extension BreakerPolicy {
  /// No probe has less time.
  private static let leaseMin = Duration.seconds(10)
  /// From the time-out of a call until it must have told how it went.
  private static let leaseMargin = Duration.seconds(5)

  /// A probe's lease outlasts the longest call: it is for permits that never report.
  fileprivate static func timed(
    window: Duration, minimumCalls: Int, failurePercent: Int, slowCall: Duration, slowPercent: Int,
    openWait: Duration, openWaitMax: Duration, probes: Int, callTimeout: Duration
  ) -> BreakerPolicy {
    BreakerPolicy(
      window: .time(length: window, buckets: 20), minimumCalls: minimumCalls,
      failureRate: Double(failurePercent) / 100,
      slowCalls: SlowCalls(duration: slowCall, rate: Double(slowPercent) / 100),
      openWait: BreakerBackOff(initial: openWait, maximum: openWaitMax),
      probes: probes, lease: max(leaseMin, callTimeout + leaseMargin))
  }
}

extension Messages.DependencyPolicy {
  init(_ policy: Resilience.DependencyPolicy) {
    self.init(
      minimumCalls: UInt32(clamping: policy.breaker.minimumCalls),
      failurePercent: Self.percent(policy.breaker.failureRate),
      slowCallMs: Self.ms(policy.breaker.slowCalls?.duration ?? .zero),
      slowPercent: Self.percent(policy.breaker.slowCalls?.rate ?? 0),
      openWaitMs: Self.ms(policy.breaker.openWait.initial),
      openWaitMaxMs: Self.ms(policy.breaker.openWait.maximum),
      probes: UInt32(clamping: policy.breaker.probes),
      concurrent: UInt32(clamping: policy.bulkhead.concurrent),
      queued: UInt32(clamping: policy.bulkhead.queued),
      queueTimeoutMs: Self.ms(policy.queueTimeout), retryPercent: Self.percent(policy.retry.ratio))
    if case .time(let length, _) = policy.breaker.window { windowMs = Self.ms(length) }
  }

  private static func ms(_ duration: Duration) -> UInt64 {
    UInt64(clamping: duration.wholeNanoseconds / 1_000_000)
  }

  private static func percent(_ share: Double) -> UInt32 { UInt32((share * 100).rounded()) }
}
