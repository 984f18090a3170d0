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

  /// What the store recorded reaches the order.
  private func tell(_ id: String, _ commands: OrderCommand...) async throws {
    for command in commands {
      try await world.orderService.pool.withReplica(for: id, .continuing) {
        (replica) throws(RPCError) in
        try await replica.take(command, on: id, cause: cause(id))
      }
    }
  }

  private func placed() async throws -> String {
    try await world.place(MoneyWorld.request("k1")).orderID
  }

  /// An order whose ticket has reached the store.
  private func received() async throws -> String {
    let id = try await placed()
    try await tell(id, .storeReceived(at: world.clock.now))
    return id
  }

  /// An order that its customer wants to cancel after the store has accepted it.
  private func cancelRequested() async throws -> String {
    let id = try await received()
    try await tell(id, .storeAccepted(etaMinutes: 20))
    let answer = try await world.orderService.cancelOrder(
      CancelOrderRequest(orderID: id, reason: "늦어요"), context: world.context())
    #expect(answer.order?.state == .cancelRequested)
    return id
  }

  private func state(_ id: String) async throws -> Messages.OrderState {
    try await world.order(id).state
  }

  /// How long the order still waits.
  private func left(_ id: String) async throws -> [Duration] {
    try await world.orders.deadlines(of: StreamKey(category: "order", id: id)).map {
      .milliseconds($0.dueAt.milliseconds - world.clock.now.ms)
    }
  }

  @Test("has been silent once all it recorded is known, and the money goes back")
  func silent() async throws {
    let id = try await received()
    try await world.pass(policy.storeSilent)
    #expect(try await state(id) == .rejected)
    #expect(try await world.payment(of: id).refundedWon == 20_000)
  }

  @Test("has its time again while it cannot be heard, and its answer counts when it comes")
  func answerComesLate() async throws {
    let id = try await received()
    world.isStoreHeard = false
    for _ in 0..<3 {
      try await world.pass(policy.storeSilent)
      #expect(try await state(id) == .placed)
      #expect(try await left(id) == [policy.storeSilent])
    }
    try await tell(id, .storeAccepted(etaMinutes: 20))
    #expect(try await state(id) == .accepted)
    #expect(try await left(id) == [policy.stalled])
  }

  @Test("that was heard again and still says nothing has been silent")
  func silentAfterAll() async throws {
    let id = try await received()
    world.isStoreHeard = false
    try await world.pass(policy.storeSilent)
    world.isStoreHeard = true
    try await world.pass(policy.storeSilent - .milliseconds(1))
    #expect(try await state(id) == .placed)
    try await world.pass(.milliseconds(1))
    #expect(try await state(id) == .rejected)
  }

  @Test("cooks on when its answer to a wish to cancel was only held up")
  func cooksOn() async throws {
    let id = try await cancelRequested()
    world.isStoreHeard = false
    try await world.pass(policy.cancelSilent)
    #expect(try await state(id) == .cancelRequested)
    #expect(try await left(id) == [policy.cancelSilent])
    try await tell(id, .cookingStarted)
    #expect(try await state(id) == .cooking)
    #expect(try await world.payment(of: id).refundedWon == 0)
  }

  @Test("is waited for no longer than a store out of reach, whether it is heard or not")
  func outerCap() async throws {
    world.isStoreHeard = false
    let silent = try await received()
    try await pass(policy.storeSilent, then: policy.storeUnreachable, silent, in: .placed)
    #expect(try await state(silent) == .rejected)
    #expect(try await world.payment(of: silent).refundedWon == 20_000)
  }

  @Test("is not waited for without end either when its customer wants to cancel")
  func outerCapOfCancel() async throws {
    world.isStoreHeard = false
    let asked = try await cancelRequested()
    try await pass(policy.cancelSilent, then: policy.storeUnreachable, asked, in: .cancelRequested)
    #expect(try await state(asked) == .cancelled)
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
      #expect(try await state(id) == waiting)
      let next = try #require(try await left(id).first)
      #expect(next > .zero && next <= rest)
      let step = min(next, rest - .milliseconds(1))
      try await world.pass(step)
      rest -= step
    }
    #expect(try await state(id) == waiting)
    try await world.pass(rest)
  }

  @Test("that the ticket never reached is given up after its own time, heard or not")
  func unreached() async throws {
    world.isStoreHeard = false
    let id = try await placed()
    try await world.pass(policy.storeUnreachable - .milliseconds(1))
    #expect(try await state(id) == .placed)
    try await world.pass(.milliseconds(1))
    #expect(try await state(id) == .rejected)
  }
}
