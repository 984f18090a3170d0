import Domain
import Messages
import Resilience
import Testing
import Transport

@testable import Services

@Suite("Payment behind its guard")
struct PaymentGuardTests {
  private static let policy = BreakerPolicy(
    window: .count(calls: 4), minimumCalls: 4, failureRate: 0.5,
    openWait: BreakerBackOff(initial: .seconds(5), jitter: 0), probes: 1)

  /// A world whose charges go through a guard.
  static func world(
    concurrent: Int = 8, queued: Int = 8
  ) throws -> (MoneyWorld, DependencyGuard) {
    var made: DependencyGuard?
    let world = try MoneyWorld { line, hand in
      let dependency = try DependencyGuard(
        name: "payment",
        policy: DependencyPolicy(
          breaker: policy, bulkhead: BulkheadQueue.Limits(concurrent: concurrent, queued: queued),
          queueTimeout: .milliseconds(200)),
        seed: 1, timing: Bulkhead.Timing(hand.monotonic))
      made = dependency
      return PaymentGuard(line, dependency: dependency, chargeTimeout: .seconds(3))
    }
    return (world, try #require(made))
  }

  private static func state(_ dependency: DependencyGuard) -> String {
    dependency.snapshot().breaker.state.name
  }

  /// What a charge says that ended so, when a second is enough.
  private static func judged(
    _ result: Result<ChargeResponse, RPCError>, given: Duration? = nil, taken: Duration = .zero
  ) -> CallOutcome {
    PaymentGuard.judge(result, CallTime(given: given, taken: taken), patience: .seconds(1))
  }

  static func trouble(_ world: MoneyWorld, orders: Int) async throws {
    for number in 0..<orders {
      world.provider.answer(.notCharged(reason: "down", retryAfter: .seconds(1)))
      let order = try await world.place(MoneyWorld.request("trouble-\(number)"))
      #expect(order.state == .awaitingPayment)
    }
  }

  @Test("parks orders at once while payment is in trouble, and nobody is charged")
  func parks() async throws {
    let (world, breaker) = try Self.world()
    try await Self.trouble(world, orders: 4)
    #expect(Self.state(breaker) == "open")
    let answer = try await world.orderService.placeOrder(
      MoneyWorld.request("k1"), context: world.context())
    #expect(answer.order?.state == .awaitingPayment)
    #expect(answer.retryAfterMs == 5000)
    #expect(answer.order?.paid == false)
    // Payment never heard of it.
    let id = try #require(answer.order?.orderID)
    await #expect(throws: RPCError.self) { _ = try await world.payment(of: id) }
    #expect(world.provider.captures.isEmpty)
  }

  @Test("does not take payment for ill because it has its hands full and turns calls away unbegun")
  func full() {
    func judged(_ code: StatusCode, unprocessed: Bool) -> CallOutcome {
      Self.judged(.failure(RPCError(code: code, message: "", unprocessed: unprocessed)))
    }
    #expect(judged(.resourceExhausted, unprocessed: true) == .ignored)
    #expect(judged(.resourceExhausted, unprocessed: false) == .failure)
    #expect(judged(.unavailable, unprocessed: true) == .failure)
  }

  @Test("learns nothing of payment's health from a charge that finds another one under way")
  func underWay() {
    func judged(_ state: Messages.PaymentState) -> CallOutcome {
      Self.judged(.success(ChargeResponse(payment: Messages.Payment(state: state))))
    }
    #expect(judged(.attempting) == .ignored)
    #expect(judged(.approved) == .success)
    #expect(judged(.unknown) == .failure)
  }

  @Test(
    "learns nothing from an answer that recalls an earlier attempt, however that went",
    arguments: Messages.PaymentState.allCases)
  func recalled(state: Messages.PaymentState) {
    let answer = ChargeResponse(payment: Messages.Payment(state: state), recalled: true)
    #expect(Self.judged(.success(answer)) == .ignored)
  }

  @Test("counts an unknown outcome once, however often its order is sent again")
  func unknownAgain() async throws {
    let (world, breaker) = try Self.world()
    world.provider.answer(.unknown(reason: "no answer"))
    for _ in 0..<6 {
      #expect(try await world.place(MoneyWorld.request("k1")).state == .paymentUnknown)
    }
    let counters = breaker.snapshot().breaker.counters
    #expect((counters.failed, counters.ignored) == (1, 5))
    #expect(Self.state(breaker) == "closed")
  }

  @Test("holds a missing answer against payment only when there was time enough for one")
  func time() {
    func judged(_ code: StatusCode, given: Duration?, taken: Duration) -> CallOutcome {
      Self.judged(.failure(RPCError(code: code, message: "")), given: given, taken: taken)
    }
    let (enough, less) = (Duration.seconds(1), Duration.milliseconds(999))
    #expect(judged(.deadlineExceeded, given: .zero - enough, taken: .zero) == .ignored)
    #expect(judged(.deadlineExceeded, given: less, taken: less) == .ignored)
    #expect(judged(.deadlineExceeded, given: enough, taken: enough) == .failure)
    #expect(judged(.deadlineExceeded, given: nil, taken: enough) == .failure)
    // Payment itself gave up early: that was not its caller's doing.
    #expect(judged(.deadlineExceeded, given: enough, taken: .zero) == .failure)
    // Who hangs up early says nothing, whatever the deadline was.
    #expect(judged(.cancelled, given: nil, taken: less) == .ignored)
    #expect(judged(.cancelled, given: enough, taken: enough) == .failure)
    #expect(judged(.unavailable, given: less, taken: .zero) == .failure)
  }

  @Test(
    "callers without patience do not open it; a payment that hangs does, with any usual deadline",
    arguments: [
      (.milliseconds(5), "closed"), (.milliseconds(1499), "closed"),
      (.milliseconds(1500), "open"), (.seconds(10), "open"), (nil, "open"),
    ] as [(Duration?, String)])
  func impatient(timeout: Duration?, state: String) async throws {
    let (world, breaker) = try Self.world()
    try await Self.loseAnswers(world, "k", within: timeout)
    #expect(Self.state(breaker) == state)
  }

  @Test("by a policy that calls less slow, less time is enough; by none more than half of it all")
  func slowCall() async throws {
    for (slow, state) in [(Duration.milliseconds(500), "open"), (.seconds(600), "closed")] {
      let (world, breaker) = try Self.world()
      var policy = breaker.snapshot().policy
      policy.breaker.slowCalls = BreakerPolicy.SlowCalls(duration: slow, rate: 0.8)
      try breaker.replace(policy: policy)
      try await Self.loseAnswers(world, "first", within: .milliseconds(500))
      #expect(Self.state(breaker) == state)
      try await Self.loseAnswers(world, "then", within: .seconds(2))
      #expect(Self.state(breaker) == "open")
    }
  }

  /// Four orders by callers with such a deadline, whose charges get no answer.
  private static func loseAnswers(
    _ world: MoneyWorld, _ key: String, within timeout: Duration?
  ) async throws {
    world.line.suffer(.losesAnswers)
    let context = CallContext(
      local: MoneyWorld.customer, timeout: timeout, clock: world.environment.clock)
    for number in 0..<4 {
      _ = try await world.orderService.placeOrder(
        MoneyWorld.request("\(key)-\(number)"), context: context)
    }
  }

  @Test("lets a parked order be paid once payment is well again, which closes the breaker")
  func heals() async throws {
    let (world, breaker) = try Self.world()
    try await Self.trouble(world, orders: 4)
    let parked = try await world.place(MoneyWorld.request("k1"))
    world.clock.advance(by: .seconds(6))
    let paid = try await world.orderService.payOrder(
      PayOrderRequest(orderID: parked.orderID), context: world.context())
    #expect(paid.order?.state == .placed)
    #expect(Self.state(breaker) == "closed")
    #expect(world.provider.captures.values.map(\.self) == [1])
  }

  @Test("tells who will not be parked that payment is unavailable, and when to come back")
  func refuses() async throws {
    let (world, _) = try Self.world()
    try await Self.trouble(world, orders: 4)
    var request = MoneyWorld.request("k1")
    request.refuseParking = true
    do {
      _ = try await world.place(request)
      Issue.record("taken")
    } catch let error as RPCError {
      #expect(error.code == .unavailable)
      #expect(error.retryAfter == .seconds(5))
    }
  }

  @Test("takes a declined card for an answer, not for trouble")
  func declined() async throws {
    let (world, breaker) = try Self.world()
    for number in 0..<8 {
      world.provider.answer(.declined(reason: "no money"))
      let order = try await world.place(MoneyWorld.request("declined-\(number)"))
      #expect(order.state == .rejected)
    }
    #expect(Self.state(breaker) == "closed")
  }

  @Test("parks a charge for which there is no place, instead of piling it up")
  func full() async throws {
    let (world, _) = try Self.world(concurrent: 1, queued: 0)
    world.line.suffer(.holdsCharges)
    let (service, context) = (world.orderService, world.context())
    async let first = service.placeOrder(MoneyWorld.request("first"), context: context)
    await world.line.holds()
    let second = try await world.place(MoneyWorld.request("second"))
    #expect(second.state == .awaitingPayment)
    world.line.release()
    #expect(try await first.order?.state == .placed)
    // The place is free again.
    #expect(try await world.place(MoneyWorld.request("third")).state == .placed)
  }

  @Test("while the breaker is open nobody waits behind charges that hang", .timeLimit(.minutes(1)))
  func hanging() async throws {
    let (world, breaker) = try Self.world(concurrent: 1, queued: 8)
    world.line.suffer(.holdsCharges)
    let (service, context) = (world.orderService, world.context())
    async let first = service.placeOrder(MoneyWorld.request("first"), context: context)
    await world.line.holds()
    breaker.operate(.forceOpen)
    // The clock stands still: who waited for a turn would wait for ever.
    #expect(try await world.place(MoneyWorld.request("second")).state == .awaitingPayment)
    #expect((breaker.snapshot().queued, breaker.snapshot().turnedAway) == (0, 0))
    #expect(breaker.snapshot().breaker.counters.rejected == 1)
    world.line.release()
    #expect(try await first.order?.state == .placed)
  }
}
