import Domain
package import Journal
import Messages
package import Transport

/// Payment's side of the saga: an order that ended gives back what was captured, one that was
/// delivered lets it be kept.
package struct PaymentSaga: Sendable {
  package static let orderSubscriber = "payment.order"
  package static let orderEvents: Set<String> = [
    OrderCancelled.fullName, OrderRejected.fullName, OrderExpired.fullName,
    OrderDelivered.fullName,
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
    default: return
    }
    let cause = CommandCause(event, subscriber: subscriber)
    try await pool.withReplica(for: event.stream.id) { (replica) throws(RPCError) in
      try await replica.take(command, on: event.stream.id, cause: cause)
    }
  }

  /// A deadline of a payment passed.
  package func fire(_ deadline: Deadline) async throws(RPCError) {
    try await pool.withReplica(for: deadline.key.stream.id) { (replica) throws(RPCError) in
      try await replica.fire(on: deadline.key.stream.id, cause: CommandCause(deadline))
    }
  }
}
