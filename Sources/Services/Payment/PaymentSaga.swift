import Domain
package import Journal
import Messages
package import Transport

/// Payment's side of the saga: an order that ended gives back what was captured, one that was
/// delivered lets it be kept, and an offer that was accepted is paid back.
package struct PaymentSaga: Sendable {
  package static let orderSubscriber = "payment.order"
  package static let orderEvents: Set<String> = [
    OrderCancelled.fullName, OrderRejected.fullName, OrderExpired.fullName,
    OrderDelivered.fullName, OrderRefundAccepted.fullName,
  ]

  private let pool: ReplicaPool<PaymentReplica>

  package init(pool: ReplicaPool<PaymentReplica>) { self.pool = pool }

  /// Takes one event, once: through the replica that owns the payment.
  package func take(_ event: RecordedEvent, subscriber: String) async throws(RPCError) {
    let command: PaymentCommand
    switch event.type {
    case OrderCancelled.fullName: command = .void(reason: "the order was cancelled")
    case OrderRejected.fullName: command = .void(reason: "the order was rejected")
    case OrderExpired.fullName: command = .void(reason: "the order expired")
    case OrderDelivered.fullName: command = .settle
    case OrderRefundAccepted.fullName: command = try refund(event)
    default: return
    }
    let cause = CommandCause(event, subscriber: subscriber)
    // All but the last word gives money back.
    let work: PoolWork = command == .settle ? .continuing : .settling
    try await pool.withReplica(for: event.stream.id, work) {
      (replica) throws(RPCError) in
      try await replica.take(command, on: event.stream.id, cause: cause)
    }
  }

  private func refund(_ event: RecordedEvent) throws(RPCError) -> PaymentCommand {
    do throws(EventCodecError) {
      let body: OrderRefundAccepted = try EventMapping.decode(event.payload)
      return .requestRefund(
        key: .offer(Int(body.number)), amount: try EventMapping.won(body.amountWon),
        reason: body.reason, bearer: .store)
    } catch {
      throw RPCError(code: .dataLoss, message: "\(event.id): \(error)", cause: error)
    }
  }

  /// A deadline of a payment passed.
  package func fire(_ deadline: Deadline) async throws(RPCError) {
    let isRefund = deadline.key.kind == PaymentDeadline.refundRetry.rawValue
    try await pool.withReplica(for: deadline.key.stream.id, isRefund ? .settling : .continuing) {
      (replica) throws(RPCError) in
      try await replica.fire(on: deadline.key.stream.id, cause: CommandCause(deadline))
    }
  }
}
