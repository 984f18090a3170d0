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
}
