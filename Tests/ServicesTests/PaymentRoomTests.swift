import Domain
import Journal
import Resilience
import Testing
import Transport

@testable import Services

@Suite("A payment service with hardly a place left")
struct PaymentRoomTests {
  @Test("gives it to a refund that is tried again, not to a question that can wait")
  func lastPlace() async throws {
    let world = try MoneyWorld()
    let replica = PaymentReplica(
      journal: AnyJournal(world.payments), provider: world.provider,
      environment: world.environment, executor: OrderWorld.executor())
    // Of four places, two are kept from new work, and one of them from what only continues.
    let pool = ReplicaPool(
      service: "payment", replicas: [replica],
      limits: .fixed(
        1, capacityPerReplica: 4, mailbox: MailboxPolicy(waitingMax: 0, reservedPercent: 50)))
    let saga = PaymentSaga(pool: pool)
    func fire(_ kind: PaymentDeadline) async -> StatusCode? {
      let deadline = Deadline(
        key: DeadlineKey(
          stream: StreamKey(category: Domain.Payment.category, id: "o-1"), kind: kind.rawValue),
        dueAt: WallTime(milliseconds: 0), owner: "payment")
      return await refusal {
        try await pool.withReplica(for: "a", .settling) { (_) throws(RPCError) in
          try await pool.withReplica(for: "b", .settling) { (_) throws(RPCError) in
            try await pool.withReplica(for: "c", .settling) { (_) throws(RPCError) in
              try await saga.fire(deadline)
            }
          }
        }
      }
    }
    #expect(await fire(.askAgain) == .resourceExhausted)
    #expect(await fire(.refundRetry) == nil)
  }
}
