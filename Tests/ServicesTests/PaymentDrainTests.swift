import Domain
import Journal
import Messages
import Resilience
import Testing
import Transport

@testable import Services

@Suite("The drain of parked orders")
struct PaymentDrainTests {
  /// A world with parked orders and a drain over them.
  private static func world(
    parked: Int, method: String = "card-1", concurrent: Int = 4
  ) async throws -> (MoneyWorld, DependencyGuard, PaymentDrain, [String]) {
    let (world, dependency) = try PaymentGuardTests.world()
    var ids: [String] = []
    dependency.operate(.forceOpen)
    for number in 0..<parked {
      var request = MoneyWorld.request("parked-\(number)")
      request.paymentMethod = method
      ids.append(try await world.place(request).orderID)
    }
    dependency.operate(.reset)
    let drain = PaymentDrain(
      journal: AnyJournal(world.orders), pool: world.orderService.pool, payment: dependency,
      policy: {
        PaymentDrain.Policy(perSecond: 10, concurrent: concurrent, interval: .seconds(1))
      },
      environment: world.environment)
    return (world, dependency, drain, ids)
  }

  private static func pace(every: Duration, burst: Int) throws -> PaymentDrain.Pace {
    let start = Resilience.MonotonicInstant(nanoseconds: 0)
    return try PaymentDrain.Pace(
      charges: TokenBucket(every: every, burst: burst, at: start), at: start)
  }

  private static func sweep(_ drain: PaymentDrain) async throws -> PaymentDrain.Sweep {
    // As much as a test needs at once.
    var pace = try pace(every: .milliseconds(100), burst: 1000)
    return await drain.sweep(&pace)
  }

  @Test("pays every parked order once payment is well, each once")
  func pays() async throws {
    let (world, _, drain, ids) = try await Self.world(parked: 3)
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep(paid: 3, failed: 0))
    for id in ids { #expect(try await world.order(id).state == .placed) }
    #expect(world.provider.captures.values.map { $0 } == [1, 1, 1])
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep())
  }

  @Test("charges nobody while the breaker is open; when its wait is over, one order tries it out")
  func waits() async throws {
    let (world, dependency, drain, _) = try await Self.world(parked: 2)
    try await PaymentGuardTests.trouble(world, orders: 4)
    #expect(dependency.wait() == .seconds(5))
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep())
    #expect(world.provider.captures.isEmpty)
    world.clock.advance(by: .seconds(6))
    // The first probe fails, so that nobody else is tried.
    world.provider.answer(.notCharged(reason: "still down", retryAfter: .seconds(1)))
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep(paid: 0, failed: 1))
    #expect(world.provider.captures.isEmpty)
    world.clock.advance(by: .seconds(60))
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep(paid: 6, failed: 0))
    #expect(dependency.isClosed)
  }

  @Test(
    "passes over those about to expire, without a loss of pace for those behind them",
    .timeLimit(.minutes(1)))
  func expiring() async throws {
    let (world, dependency, drain, early) = try await Self.world(parked: 3)
    world.clock.advance(by: .seconds(10))
    dependency.operate(.forceOpen)
    let late = try await world.place(MoneyWorld.request("late")).orderID
    dependency.operate(.reset)
    world.clock.advance(by: world.environment.deadlines.paymentParked - .seconds(14))
    // Enough for one order; the clock stands still, so that there is no more.
    var pace = try Self.pace(every: .seconds(3600), burst: 1)
    #expect(await drain.sweep(&pace) == PaymentDrain.Sweep(paid: 1, failed: 0))
    #expect(try await world.order(late).state == .placed)
    for id in early { #expect(try await world.order(id).state == .awaitingPayment) }
    try await world.pass(.seconds(4))
    for id in early { #expect(try await world.order(id).state == .expired) }
    #expect(world.provider.captures.count == 1)
  }

  @Test("leaves to their customers what only they can pay")
  func oneTime() async throws {
    let (world, _, drain, ids) = try await Self.world(parked: 2, method: "once:abc")
    #expect(try await Self.sweep(drain) == PaymentDrain.Sweep())
    for id in ids { #expect(try await world.order(id).state == .awaitingPayment) }
    #expect(world.provider.captures.isEmpty)
  }

  @Test(
    "passes over what only customers can pay, without a loss of pace for those behind it",
    .timeLimit(.minutes(1)), arguments: ["once:abc", ""])
  func behindOneTime(method: String) async throws {
    let (world, dependency, drain, theirs) = try await Self.world(parked: 3, method: method)
    world.clock.advance(by: .seconds(1))
    dependency.operate(.forceOpen)
    let ours = try await world.place(MoneyWorld.request("ours")).orderID
    dependency.operate(.reset)
    // Enough for one order; the clock stands still, so that there is no more.
    var pace = try Self.pace(every: .seconds(3600), burst: 1)
    #expect(await drain.sweep(&pace) == PaymentDrain.Sweep(paid: 1, failed: 0))
    #expect(try await world.order(ours).state == .placed)
    for id in theirs { #expect(try await world.order(id).state == .awaitingPayment) }
  }

  @Test("has no more charges under way than it may")
  func bounded() async throws {
    let (world, _, drain, _) = try await Self.world(parked: 3, concurrent: 2)
    world.line.suffer(.holdsCharges)
    async let sweep = Self.sweep(drain)
    await world.line.holds(2)
    // Whoever is not bounded has every chance to be there by now.
    for _ in 0..<1000 { await Task.yield() }
    #expect(world.line.held == 2)
    world.line.release()
    #expect(try await sweep.paid == 3)
  }
}
