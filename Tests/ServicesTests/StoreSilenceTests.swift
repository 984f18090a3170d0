import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

/// The store's time to answer a ticket, and a wish to cancel.
@Suite("A store that does not answer")
struct StoreSilenceTests {
  private let world: MoneyWorld
  private let policy = DeadlinePolicy.standard

  init() throws { world = try MoneyWorld() }

  @Test("has been silent once all it recorded is known, and the money goes back")
  func silent() async throws {
    let id = try await world.received()
    try await world.pass(policy.storeSilent)
    #expect(try await world.state(id) == .rejected)
    #expect(try await world.payment(of: id).refundedWon == 20_000)
  }

  @Test("has its time again while it cannot be heard, and its answer counts when it comes")
  func answerComesLate() async throws {
    let id = try await world.received()
    world.isStoreHeard = false
    for _ in 0..<3 {
      try await world.pass(policy.storeSilent)
      #expect(try await world.state(id) == .placed)
      #expect(try await world.left(id) == [policy.storeSilent])
    }
    try await world.tell(id, .storeAccepted(etaMinutes: 20))
    #expect(try await world.state(id) == .accepted)
    #expect(try await world.left(id) == [policy.stalled])
  }

  @Test("that was heard again and still says nothing has been silent")
  func silentAfterAll() async throws {
    let id = try await world.received()
    world.isStoreHeard = false
    try await world.pass(policy.storeSilent)
    world.isStoreHeard = true
    try await world.pass(policy.storeSilent - .milliseconds(1))
    #expect(try await world.state(id) == .placed)
    try await world.pass(.milliseconds(1))
    #expect(try await world.state(id) == .rejected)
  }

  @Test("cooks on when its answer to a wish to cancel was only held up")
  func cooksOn() async throws {
    let id = try await world.cancelRequested()
    world.isStoreHeard = false
    try await world.pass(policy.cancelSilent)
    #expect(try await world.state(id) == .cancelRequested)
    #expect(try await world.left(id) == [policy.cancelSilent])
    try await world.tell(id, .cookingStarted)
    #expect(try await world.state(id) == .cooking)
    #expect(try await world.payment(of: id).refundedWon == 0)
  }

  @Test("that was never asked has not agreed: the wish is declined, and can be made anew")
  func unasked() async throws {
    let id = try await world.cancelRequested(isAsked: false)
    try await world.pass(policy.cancelSilent)
    #expect(try await world.state(id) == .cancelRequested)
    try await world.pass(policy.storeUnreachable - policy.cancelSilent - .milliseconds(1))
    #expect(try await world.state(id) == .cancelRequested)
    try await world.pass(.milliseconds(1))
    #expect(try await world.state(id) == .accepted)
    #expect(try await world.left(id) == [policy.stalled])
    #expect(try await world.payment(of: id).refundedWon == 0)
    _ = try await world.orderService.cancelOrder(
      CancelOrderRequest(orderID: id), context: world.context())
    try await world.orderSaga.take(
      world.asked(id, at: 2), subscriber: OrderSaga.storeSubscriber)
    try await world.pass(policy.cancelSilent)
    #expect(try await world.state(id) == .cancelled)
  }

  @Test("has its time to let an order go from when it was asked, however often that is told")
  func askedAgain() async throws {
    let id = try await world.cancelRequested()
    let rest = policy.cancelSilent - .seconds(60)
    world.clock.advance(by: .seconds(60))
    try await world.orderSaga.take(world.asked(id), subscriber: OrderSaga.storeSubscriber)
    #expect(try await world.left(id) == [rest])
    try await world.pass(rest)
    #expect(try await world.state(id) == .cancelled)
    #expect(try await world.payment(of: id).refundedWon == 20_000)
  }

  @Test("is waited for no longer than a store out of reach, whether it is heard or not")
  func outerCap() async throws {
    world.isStoreHeard = false
    let silent = try await world.received()
    try await pass(policy.storeSilent, then: policy.storeUnreachable, silent, in: .placed)
    #expect(try await world.state(silent) == .rejected)
    #expect(try await world.payment(of: silent).refundedWon == 20_000)
  }

  @Test("is not waited for without end either when its customer wants to cancel")
  func outerCapOfCancel() async throws {
    world.isStoreHeard = false
    let asked = try await world.cancelRequested()
    try await pass(policy.cancelSilent, then: policy.storeUnreachable, asked, in: .cancelRequested)
    #expect(try await world.state(asked) == .cancelled)
    #expect(try await world.payment(of: asked).refundedWon == 20_000)
  }

  /// Lets a deadline pass, and then all of the time it may be put off, with the order in one state
  /// until the last moment.
  private func pass(
    _ first: Duration, then more: Duration, _ id: String, in waiting: Messages.OrderState
  ) async throws {
    var rest = more
    try await world.pass(first)
    while rest > .milliseconds(1) {
      #expect(try await world.state(id) == waiting)
      let next = try #require(try await world.left(id).first)
      #expect(next > .zero && next <= rest)
      let step = min(next, rest - .milliseconds(1))
      try await world.pass(step)
      rest -= step
    }
    #expect(try await world.state(id) == waiting)
    try await world.pass(rest)
  }

  @Test("that the ticket never reached is given up after its own time, heard or not")
  func unreached() async throws {
    world.isStoreHeard = false
    let id = try await world.place(MoneyWorld.request("k1")).orderID
    try await world.pass(policy.storeUnreachable - .milliseconds(1))
    #expect(try await world.state(id) == .placed)
    try await world.pass(.milliseconds(1))
    #expect(try await world.state(id) == .rejected)
  }
}
