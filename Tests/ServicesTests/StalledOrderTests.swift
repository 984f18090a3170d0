import Domain
import Journal
import Messages
import Synchronization
import Testing
import Transport

@testable import Services

@Suite("An order that gets no further")
struct StalledOrderTests {
  private let world: MoneyWorld
  private let policy = DeadlinePolicy.standard

  private static let rider = RiderID(validated: "rider-1")

  init() throws { world = try MoneyWorld() }

  /// An order that its rider has set out with.
  private func started() async throws -> String {
    let id = try await world.received()
    try await world.tell(
      id, .storeAccepted(etaMinutes: 20), .cookingStarted, .cookingFinished,
      .deliveryStarted(rider: Self.rider))
    return id
  }

  private func pickedUp() async throws -> String {
    let id = try await started()
    try await world.tell(id, .pickedUp(rider: Self.rider))
    return id
  }

  @Test("is cancelled and refunded once store and delivery were heard")
  func silent() async throws {
    let id = try await pickedUp()
    try await world.pass(policy.stalled)
    #expect(try await world.state(id) == .cancelled)
    #expect(try await world.payment(of: id).refundedWon == 20_000)
  }

  @Test(
    "goes on while one of them cannot be heard, and what they did counts when it comes",
    arguments: [true, false])
  func heardLate(store: Bool) async throws {
    let id = try await pickedUp()
    (world.isStoreHeard, world.isDeliveryHeard) = (!store, store)
    try await world.pass(policy.stalled)
    #expect(try await world.state(id) == .pickedUp)
    #expect(try await world.left(id) == [policy.storeUnreachable])
    try await world.tell(id, .deliveryCompleted(rider: Self.rider))
    try await world.settle()
    #expect(try await world.state(id) == .delivered)
    #expect(try await world.payment(of: id).refundedWon == 0)
  }

  @Test("is given up when they could not be heard for as long as a store out of reach")
  func outerCap() async throws {
    let id = try await pickedUp()
    world.isDeliveryHeard = false
    try await world.pass(policy.stalled)
    try await world.pass(policy.storeUnreachable - .milliseconds(1))
    #expect(try await world.state(id) == .pickedUp)
    try await world.pass(.milliseconds(1))
    #expect(try await world.state(id) == .cancelled)
  }

  @Test("has that time after our own downtime too, however long it was")
  func downtime() async throws {
    let id = try await pickedUp()
    world.isDeliveryHeard = false
    try await world.pass(policy.stalled + policy.storeUnreachable * 3)
    #expect(try await world.state(id) == .pickedUp)
    #expect(try await world.left(id) == [policy.storeUnreachable])
  }

  /// What is due now, by a saga in whose journal something happens after the deadlines of a stream
  /// were read so often.
  private func fire(
    afterReads reads: Int, isHeard: Bool,
    _ happen: @escaping @Sendable () async throws(RPCError) -> Void
  ) async throws -> StatusCode? {
    let now = WallTime(milliseconds: world.clock.now.ms)
    let deadline = try #require(try await world.orders.dueDeadlines(at: now, limit: 1).first)
    let saga = OrderSaga(
      journal: AnyJournal(OvertakenJournal(world.orders, afterReads: reads, happen)),
      pool: world.orderService.pool, environment: world.environment)
    return await refusal { try await saga.fire(deadline) { _, _, _ in isHeard } }
  }

  @Test(
    "is not cancelled by a deadline that a step has overtaken on its way to the decision",
    arguments: [true, false])
  func overtaken(isHeard: Bool) async throws {
    let id = try await started()
    let (pool, command) = (world.orderService.pool, OrderCommand.pickedUp(rider: Self.rider))
    world.clock.advance(by: policy.stalled)
    // After the last look before it is cancelled, or before it is put off.
    let reads = isHeard ? 2 : 1
    let refused = try await fire(afterReads: reads, isHeard: isHeard) { () throws(RPCError) in
      try await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
        try await replica.take(command, on: id, cause: cause(id))
      }
    }
    // Whoever fires deadlines looks anew, and clears nothing.
    #expect(refused == .failedPrecondition)
    #expect(try await world.state(id) == .pickedUp)
    #expect(try await world.left(id) == [policy.stalled])
  }

  @Test("keeps its customer's wish when word that the store was asked overtakes the deadline")
  func askedMeanwhile() async throws {
    let id = try await world.cancelRequested(isAsked: false)
    let event = try world.asked(id)
    let saga = world.orderSaga
    world.clock.advance(by: policy.storeUnreachable)
    // It moves the deadline, and is no event of the order.
    let refused = try await fire(afterReads: 2, isHeard: true) { () throws(RPCError) in
      try await saga.take(event, subscriber: OrderSaga.storeSubscriber)
    }
    #expect(refused == .failedPrecondition)
    #expect(try await world.state(id) == .cancelRequested)
    #expect(try await world.left(id) == [policy.cancelSilent])
  }
}
