import Messages
import Resilience
import Testing

@testable import Node

@Suite("A dependency's policy, from settings and from operators")
struct DependencyPolicyTests {
  @Test(
    "a probe may take as long as its call, whoever has spoken last",
    arguments: [(3, 10), (5, 10), (120, 125)])
  func lease(callTimeout: Int, lease: Int) throws {
    var payment = NodeConfig.Payment()
    payment.callTimeout = .seconds(callTimeout)
    let settings = Resilience.DependencyPolicy(payment)
    #expect(settings.breaker.lease == .seconds(lease))
    let sent = try Resilience.DependencyPolicy(
      Messages.DependencyPolicy(settings), callTimeout: payment.callTimeout)
    #expect(sent.breaker.lease == .seconds(lease))
    try sent.validate()
  }

  @Test("of 0 percent nothing is repeated, however long nothing was")
  func noRetries() throws {
    var payment = NodeConfig.Payment()
    payment.retryPercent = 0
    let settings = Resilience.DependencyPolicy(payment)
    let sent = try Resilience.DependencyPolicy(
      Messages.DependencyPolicy(settings), callTimeout: payment.callTimeout)
    for policy in [settings, sent] {
      try policy.validate()
      var budget = try RetryBudget(policy.retry, at: MonotonicInstant(ms: 0))
      for call in 0..<100 as Range<Int64> {
        budget.earn()
        let isRepeated = budget.spend(at: MonotonicInstant(ms: call * 60_000))
        #expect(!isRepeated)
      }
    }
  }

  @Test("an open wait beyond its longest is refused, not cut")
  func openWait() throws {
    var payment = NodeConfig.Payment()
    payment.breaker.openWait = payment.breaker.openWaitMax
    let settings = Resilience.DependencyPolicy(payment)
    try settings.validate()
    var message = Messages.DependencyPolicy(settings)
    message.openWaitMs += 1
    let error = #expect(throws: PolicyError.self) {
      try Resilience.DependencyPolicy(message, callTimeout: payment.callTimeout)
    }
    #expect(error?.field == "open_wait_max_ms")
    payment.breaker.openWait += .milliseconds(1)
    let refused = Resilience.DependencyPolicy(payment)
    #expect(throws: PolicyError.self) { try refused.validate() }
  }
}
