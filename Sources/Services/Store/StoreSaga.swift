import Domain
package import Journal
import Messages
package import Transport

/// The store's side of the saga: what the order recorded becomes commands for its ticket.
package struct StoreSaga: Sendable {
  package static let orderSubscriber = "store.order"

  /// The events of the order's journal that concern a ticket. An order expires only unpaid, so
  /// the store never heard of one that did.
  package static let orderEvents: Set<String> = [
    OrderPlaced.fullName, OrderAccepted.fullName, OrderCancelRequested.fullName,
    OrderCancelDeclined.fullName, OrderCancelled.fullName, OrderRejected.fullName,
    OrderPickedUp.fullName, OrderRefundAccepted.fullName, OrderRefundDeclined.fullName,
  ]

  private let tickets: ReplicaPool<TicketReplica>
  private let environment: ServiceEnvironment

  package init(tickets: ReplicaPool<TicketReplica>, environment: ServiceEnvironment) {
    self.tickets = tickets
    self.environment = environment
  }

  /// Takes one event, once: through the replica that owns the ticket.
  package func take(
    _ event: RecordedEvent, subscriber: String = orderSubscriber
  ) async throws(RPCError) {
    guard let command = try command(for: event) else { return }
    let cause = CommandCause(event, subscriber: subscriber)
    try await tickets.withReplica(for: event.stream.id, .continuing) {
      (replica) throws(RPCError) in
      try await replica.take(command, on: event.stream.id, cause: cause)
    }
  }

  private func command(for event: RecordedEvent) throws(RPCError) -> TicketCommand? {
    guard Self.orderEvents.contains(event.type) else { return nil }
    do throws(EventCodecError) {
      switch try OrderEventCodec().decode(type: event.type, payload: event.payload) {
      case .placed(_, let amount, let store, let lines):
        let order = try EventMapping.checked { () throws(Rejection) in
          try OrderID(event.stream.id)
        }
        return .receive(
          TicketOrder(
            order: order, store: store, lines: lines, total: amount,
            receivedAt: environment.now()))
      // Declined also for a store that was reached too late: it is asked no more.
      case .accepted, .cancelDeclined: return .confirm
      case .cancelRequested(let reason): return .askCancel(reason: reason)
      case .cancelled(_, let reason): return .withdraw(reason: reason)
      // Rejected without having been paid.
      case .rejected(.paymentDeclined): return nil
      case .rejected(.storeRefused(let text)): return .withdraw(reason: text)
      case .rejected(.storeSilent): return .withdraw(reason: "the store did not answer in time")
      case .pickedUp: return .close
      case .refundAccepted(let number, _, _):
        return .recordAnswer(Domain.OfferAnswer(number: number, accepted: true))
      case .refundDeclined(let number):
        return .recordAnswer(Domain.OfferAnswer(number: number, accepted: false))
      default: return nil
      }
    } catch {
      throw RPCError(code: .dataLoss, message: "\(event.id): \(error)", cause: error)
    }
  }
}
