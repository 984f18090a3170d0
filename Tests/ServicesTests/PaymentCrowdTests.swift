import Domain
import Journal
import Messages
import Resilience
import Synchronization
import Testing
import Transport

@testable import Services

@Suite("Many who want the same payment at once", .timeLimit(.minutes(1)))
struct PaymentCrowdTests {
  @Test("who is turned away has begun nothing, and says nothing of payment's health")
  func charges() async throws {
    let desk = Desk()
    let first = Task { try await desk.charge() }
    await desk.writes()
    let refused = await error { _ = try await desk.charge() }
    #expect(refused?.code == .resourceExhausted)
    #expect(refused?.unprocessed == true)
    let failure = try #require(refused)
    let time = CallTime(given: nil, taken: .seconds(3600))
    #expect(PaymentGuard.judge(.failure(failure), time, patience: .zero) == .ignored)
    desk.journal.flush()
    // The outcome.
    await desk.writes()
    desk.journal.flush()
    #expect(try await first.value.payment?.state == .approved)
  }

  @Test("an outcome that finds no turn may be a capture: that call was begun")
  func outcomes() async throws {
    let desk = Desk()
    desk.provider.hold()
    let first = Task { try await desk.charge() }
    await desk.writes()
    desk.journal.flush()
    await desk.provider.holds()
    let other = Task { try await desk.void() }
    await desk.writes()
    desk.provider.release()
    let refused = await error { _ = try await first.value }
    #expect(refused?.code == .resourceExhausted)
    #expect(refused?.unprocessed == false)
    desk.journal.flush()
    try await other.value
  }
}

/// A payment service whose disk waits for a word, and where nobody waits for a payment's turn.
private final class Desk: Sendable {
  let journal: MemoryJournal
  let provider = HeldProvider()
  private let service: PaymentService
  private let environment: ServiceEnvironment

  private static let key = "o-1"

  init() {
    let clock = HandClock()
    let environment = OrderWorld.environment(clock)
    var options = MemoryJournal.Options()
    options.partitionCount = 4
    options.flush = .manual
    let journal = MemoryJournal(
      name: "payment", epoch: JournalEpoch("payment-1"), options: options
    ) { WallTime(milliseconds: clock.now.ms) }
    let replica = PaymentReplica(
      journal: AnyJournal(journal), provider: provider, environment: environment,
      memory: AggregateMemory(AggregateLimits(waitersPerAggregateMax: 0)),
      executor: OrderWorld.executor())
    service = PaymentService(
      pool: ReplicaPool(service: "payment", replicas: [replica], inFlightMax: 8), simulator: nil)
    self.environment = environment
    self.journal = journal
  }

  func charge() async throws -> ChargeResponse {
    try await service.charge(
      ChargeRequest(
        paymentKey: Self.key, orderID: Self.key, customerID: "kim", storeID: "store-1",
        amountWon: 20_000, paymentMethod: "card-1"),
      context: CallContext(
        local: Transport.Principal(role: "service", id: "order"), clock: environment.clock))
  }

  func void() async throws {
    try await service.pool.withReplica(for: Self.key, .settling) {
      (replica) throws(RPCError) in
      try await replica.take(.void(reason: "cancelled"), on: Self.key, cause: cause())
    }
  }

  /// Returns once somebody waits for the disk.
  func writes() async {
    while journal.pendingCount == 0 { await Task.yield() }
  }
}

/// Approves, when the test lets it.
private final class HeldProvider: PaymentProvider {
  private struct State {
    var isHolding = false
    var held: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func hold() { state.withLock { $0.isHolding = true } }

  func holds() async {
    while state.withLock({ $0.held.isEmpty }) { await Task.yield() }
  }

  func release() {
    let held = state.withLock { state in
      state.isHolding = false
      defer { state.held = [] }
      return state.held
    }
    for waiter in held { waiter.resume() }
  }

  func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    await withCheckedContinuation { waiter in
      let isHeld = state.withLock { state in
        if state.isHolding { state.held.append(waiter) }
        return state.isHolding
      }
      if !isHeld { waiter.resume() }
    }
    return ScriptedProvider.approval(charge)
  }

  func outcome(of charge: ProviderCharge) async -> ProviderOutcome {
    ScriptedProvider.approval(charge)
  }

  func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome {
    .refunded(ProviderReference(validated: "r-\(refund.payment)"))
  }
}
