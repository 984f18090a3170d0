import Domain
package import Journal
import Messages
package import Transport

/// The order's side of the saga: what payment, store and delivery recorded becomes commands.
package struct OrderSaga: Sendable {
  package static let paymentSubscriber = "order.payment"
  package static let storeSubscriber = "order.store"
  package static let deliverySubscriber = "order.delivery"

  private let journal: AnyJournal
  private let pool: ReplicaPool<OrderReplica>
  private let environment: ServiceEnvironment

  package init(
    journal: AnyJournal, pool: ReplicaPool<OrderReplica>, environment: ServiceEnvironment
  ) {
    self.journal = journal
    self.pool = pool
    self.environment = environment
  }

  /// The events that concern an order, by the journal they come from.
  package static let paymentEvents: Set<String> = [
    PaymentApproved.fullName, PaymentDeclined.fullName, PaymentNotCharged.fullName,
    PaymentUnknown.fullName,
  ]
  package static let storeEvents: Set<String> = [
    TicketReceived.fullName, TicketAccepted.fullName, TicketRefused.fullName,
    TicketCookingStarted.fullName, TicketCookingFinished.fullName,
    TicketCancelAsked.fullName, TicketCancelAgreed.fullName, TicketCancelDeclined.fullName,
    TicketRefundOffered.fullName,
  ]
  package static let deliveryEvents: Set<String> = [
    DeliveryStarted.fullName, DeliveryPickedUp.fullName, DeliveryCompleted.fullName,
  ]

  /// Takes one event, once: through the replica that owns the order.
  package func take(_ event: RecordedEvent, subscriber: String) async throws(RPCError) {
    let cause = CommandCause(event, subscriber: subscriber)
    let id = event.stream.id
    if event.type == TicketCancelAsked.fullName {
      return try await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
        try await replica.storeWasAsked(id, cause: cause)
      }
    }
    guard let command = try command(for: event) else { return }
    try await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
      try await replica.take(command, on: id, cause: cause)
    }
  }

  /// Whether all is dealt with here that a service had recorded about an order at a time; the
  /// service by the subscriber that follows it.
  package typealias Hearing = (
    _ subscriber: String, _ order: StreamKey, _ time: WallTime
  ) async -> Bool

  /// Those whose silence a deadline ends.
  private static func silent(_ kind: OrderDeadline) -> [String] {
    switch kind {
    case .storeSilent, .cancelSilent: [storeSubscriber]
    case .stalled: [storeSubscriber, deliverySubscriber]
    case .paymentPending, .paymentParked, .paymentUnknown: []
    }
  }

  /// A deadline of an order passed. The silence of others counts only when they could be heard;
  /// until then it is put off. Throws when the order went on meanwhile: then it is looked at anew.
  package func fire(_ deadline: Deadline, hearing isHeard: Hearing) async throws(RPCError) {
    guard let kind = OrderDeadline(rawValue: deadline.key.kind) else {
      throw RPCError(code: .internal, message: "an order has no deadline '\(deadline.key.kind)'")
    }
    let (id, cause) = (deadline.key.stream.id, CommandCause(deadline))
    guard try await !putOff(deadline, kind, unless: isHeard, cause) else { return }
    // Once more: what was heard meanwhile may have ended this wait, and begun another.
    guard let seen = try await order(waitingFor: deadline) else { return }
    try await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
      guard kind != .paymentPending, kind != .paymentUnknown else {
        return try await replica.paymentIsOverdue(deadline, kind, seen: seen, cause: cause)
      }
      try await replica.pass(deadline, kind, seen: seen, cause: cause)
    }
  }

  /// The order, if the deadline still stands as it was read; nil when it was set anew or cleared.
  /// The order is looked at first, so that what moves the deadline later moves the order too.
  private func order(
    waitingFor deadline: Deadline
  ) async throws(RPCError) -> OrderReplica.Snapshot? {
    let id = deadline.key.stream.id
    let seen = try await pool.withReplica(for: id, .continuing) { (replica) throws(RPCError) in
      try await replica.snapshot(of: id)
    }
    return try await journal.holds(deadline) ? seen : nil
  }

  /// Puts a deadline off while what looks like the silence of others may be our own downtime: true
  /// when it did. The order's pool is not kept waiting for them.
  private func putOff(
    _ deadline: Deadline, _ kind: OrderDeadline, unless isHeard: Hearing, _ cause: CommandCause
  ) async throws(RPCError) -> Bool {
    let (stream, silent) = (deadline.key.stream, Self.silent(kind))
    guard !silent.isEmpty, let seen = try await order(waitingFor: deadline),
      deadline.mayBePutOff(kind, in: seen.state, at: environment.now(), environment.deadlines)
    else { return false }
    for subscriber in silent {
      guard await !isHeard(subscriber, stream, deadline.dueAt) else { continue }
      guard !Task.isCancelled else {
        throw RPCError(code: .cancelled, message: "nobody listens to them any more")
      }
      try await pool.withReplica(for: stream.id, .continuing) { (replica) throws(RPCError) in
        try await replica.putOff(deadline, kind, seen: seen, cause: cause)
      }
      return true
    }
    return false
  }

  private func command(for event: RecordedEvent) throws(RPCError) -> OrderCommand? {
    do throws(EventCodecError) {
      switch event.type {
      case let type where Self.paymentEvents.contains(type): return try payment(event)
      case let type where Self.storeEvents.contains(type): return try store(event)
      case let type where Self.deliveryEvents.contains(type): return try delivery(event)
      default: return nil
      }
    } catch {
      throw RPCError(code: .dataLoss, message: "\(event.id): \(error)", cause: error)
    }
  }

  private func payment(_ event: RecordedEvent) throws(EventCodecError) -> OrderCommand? {
    let now = environment.now()
    switch event.type {
    case PaymentApproved.fullName:
      let body: PaymentApproved = try EventMapping.decode(event.payload)
      let key = try EventMapping.checked { () throws(Rejection) in try PaymentKey(event.stream.id) }
      return .paymentApproved(key: key, amount: try EventMapping.won(body.amountWon))
    case PaymentDeclined.fullName:
      let body: PaymentDeclined = try EventMapping.decode(event.payload)
      return .paymentDeclined(reason: body.reason)
    case PaymentNotCharged.fullName:
      let body: PaymentNotCharged = try EventMapping.decode(event.payload)
      return .park(
        reason: body.reason, until: now.advanced(by: environment.deadlines.paymentParked))
    case PaymentUnknown.fullName:
      return .markPaymentUnknown(
        until: now.advanced(by: environment.deadlines.paymentUnknown))
    default: return nil
    }
  }

  private func store(_ event: RecordedEvent) throws(EventCodecError) -> OrderCommand? {
    switch event.type {
    case TicketReceived.fullName:
      let body: TicketReceived = try EventMapping.decode(event.payload)
      return .storeReceived(at: Timestamp(ms: body.receivedAtMs))
    case TicketAccepted.fullName:
      let body: TicketAccepted = try EventMapping.decode(event.payload)
      return .storeAccepted(etaMinutes: Int(body.etaMinutes))
    case TicketRefused.fullName:
      let body: TicketRefused = try EventMapping.decode(event.payload)
      return .storeRefused(reason: body.reason)
    case TicketCookingStarted.fullName: return .cookingStarted
    case TicketCookingFinished.fullName: return .cookingFinished
    case TicketCancelAgreed.fullName: return .agreeCancel
    case TicketCancelDeclined.fullName: return .declineCancel
    case TicketRefundOffered.fullName:
      let body: TicketRefundOffered = try EventMapping.decode(event.payload)
      return .storeOffered(
        number: Int(body.number), items: try body.items.stored(), reason: body.reason)
    default: return nil
    }
  }

  private func delivery(_ event: RecordedEvent) throws(EventCodecError) -> OrderCommand? {
    func rider(_ text: String) throws(EventCodecError) -> RiderID {
      try EventMapping.checked { () throws(Rejection) in try RiderID(text) }
    }
    switch event.type {
    case DeliveryStarted.fullName:
      let body: DeliveryStarted = try EventMapping.decode(event.payload)
      return .deliveryStarted(rider: try rider(body.riderID))
    case DeliveryPickedUp.fullName:
      let body: DeliveryPickedUp = try EventMapping.decode(event.payload)
      return .pickedUp(rider: try rider(body.riderID))
    case DeliveryCompleted.fullName:
      let body: DeliveryCompleted = try EventMapping.decode(event.payload)
      return .deliveryCompleted(rider: try rider(body.riderID))
    default: return nil
    }
  }
}
