import Domain
package import Journal
import Messages
package import Transport

/// The delivery's side of the saga: what the order recorded, and deadlines that passed, become
/// commands.
package struct DeliverySaga: Sendable {
  package static let orderSubscriber = "delivery.order"

  /// The events of the order's journal that concern a delivery. One is opened when the order is
  /// accepted; an order that was rejected or expired never came so far.
  package static let orderEvents: Set<String> = [
    OrderAccepted.fullName, OrderCookingFinished.fullName, OrderCancelled.fullName,
  ]

  private let journal: AnyJournal
  private let deliveries: ReplicaPool<DeliveryReplica>
  private let dispatcher: Dispatcher

  package init(
    journal: AnyJournal, deliveries: ReplicaPool<DeliveryReplica>, dispatcher: Dispatcher
  ) {
    self.journal = journal
    self.deliveries = deliveries
    self.dispatcher = dispatcher
  }

  /// Takes one event, once: through the replica that owns the delivery.
  package func take(
    _ event: RecordedEvent, subscriber: String = orderSubscriber
  ) async throws(RPCError) {
    guard let command = try command(for: event) else { return }
    let cause = CommandCause(event, subscriber: subscriber)
    try await deliveries.withReplica(for: event.stream.id, .continuing) {
      (replica) throws(RPCError) in
      try await replica.take(command, on: event.stream.id, cause: cause)
    }
  }

  /// A deadline of a delivery passed.
  package func fire(_ deadline: Deadline) async throws(RPCError) {
    let stream = deadline.key.stream
    guard let kind = DeliveryDeadline(rawValue: deadline.key.kind) else {
      throw RPCError(code: .internal, message: "a delivery has no deadline '\(deadline.key.kind)'")
    }
    // Set anew meanwhile: another rider has the time that the first one let pass.
    guard try await journal.holds(deadline) else { return }
    let cause = CommandCause(deadline)
    switch kind {
    case .noRider:
      let id = try refusing { () throws(Rejection) in try OrderID(stream.id) }
      try await dispatcher.lookAgain(for: id, cause: cause)
    case .offerSilent:
      try await deliveries.withReplica(for: stream.id, .continuing) {
        (replica) throws(RPCError) in
        try await replica.lapse(stream.id, cause: cause)
      }
    case .riderIdle:
      // Looked at before the deadline is, once more: what assigns another rider moves both.
      let seen = try await deliveries.withReplica(for: stream.id, .continuing) {
        (replica) throws(RPCError) in
        try await replica.snapshot(of: stream.id)
      }
      guard try await journal.holds(deadline) else { return }
      try await deliveries.withReplica(for: stream.id, .continuing) {
        (replica) throws(RPCError) in
        try await replica.take(
          .unassign(reason: "the rider did not set out in time"), on: stream.id, cause: cause,
          asSeen: seen)
      }
    // There so that people see it; what ends it is the order's own deadline.
    case .escalated: break
    }
  }

  private func command(for event: RecordedEvent) throws(RPCError) -> DeliveryCommand? {
    guard Self.orderEvents.contains(event.type) else { return nil }
    do throws(EventCodecError) {
      switch try OrderEventCodec().decode(type: event.type, payload: event.payload) {
      case .accepted(_, let store, let area, let address):
        let order = try EventMapping.checked { () throws(Rejection) in
          try OrderID(event.stream.id)
        }
        return .open(DeliveryJob(order: order, store: store, area: area, address: address))
      case .cookingFinished: return .foodReady
      case .cancelled(_, let reason): return .release(reason: reason)
      default: return nil
      }
    } catch {
      throw RPCError(code: .dataLoss, message: "\(event.id): \(error)", cause: error)
    }
  }
}
