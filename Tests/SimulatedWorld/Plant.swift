import Journal
import Messages

/// A bug that a test plants, to see that it is found. The code under test knows nothing of it: what
/// it stands on misbehaves, or what it is handed.
package enum Plant: String, CaseIterable, Sendable {
  /// The provider's adapter takes "no answer" for "not charged", so that a later attempt charges
  /// once more.
  case doubleCharge
  /// The adapter says that a refund was made although the provider never heard of it.
  case lostRefund
  /// The order's journal acknowledges before it has flushed.
  case acknowledgedBeforeFlush
  /// What is called behind bulkhead and breaker now and then never comes back.
  case leakedPermit
  /// A version is missing within an order's stream.
  case skippedVersion
  /// The deadline for the store's answer is not written down.
  case forgottenDeadline
  /// Payment is not told that orders ended.
  case droppedEvent
  /// The store is told of orders when they are submitted.
  case storeToldTooEarly
  /// The dashboard is not told of a step.
  case droppedStep
  /// The store is not told that customers want out, and the order's deadline says that it was.
  case assumedQuestion
  /// The order is not told that it was delivered.
  case unheardDelivery
}

extension Plant {
  /// What reaches the disk.
  func changed(_ append: Append, in journal: String) -> Append {
    guard journal == "order" else { return append }
    var append = append
    switch self {
    case .forgottenDeadline:
      append.deadlines.removeAll { change in
        if case .set(let deadline) = change { deadline.key.kind == "storeSilent" } else { false }
      }
    case .assumedQuestion: append.deadlines = append.deadlines.map(assumed)
    default: break
    }
    return append
  }

  /// As it would be had the store been asked.
  private func assumed(_ change: DeadlineChange) -> DeadlineChange {
    guard case .set(var deadline) = change, deadline.key.kind == "cancelSilent",
      deadline.payload.isEmpty
    else { return change }
    deadline.payload = "asked"
    deadline.dueAt = deadline.dueAt.advanced(by: .seconds(-58 * 60))
    return .set(deadline)
  }

  /// What is read from the disk.
  func read(_ events: [RecordedEvent], from journal: String) -> [RecordedEvent] {
    guard self == .skippedVersion, journal == "order" else { return events }
    return events.map { event in
      event.version < 3 ? event : event.replacing(version: event.version.advanced(by: 1))
    }
  }

  /// What reaches a subscriber.
  func carried(_ events: [RecordedEvent], to subscriber: String) -> [RecordedEvent] {
    switch (self, subscriber) {
    case (.droppedEvent, "payment.order"):
      events.map { $0.type == OrderDelivered.fullName ? $0 : $0.dropped }
    case (.droppedStep, "dashboard"): dropping(OrderAccepted.fullName, events)
    case (.assumedQuestion, "store.order"): dropping(OrderCancelRequested.fullName, events)
    case (.unheardDelivery, "order.delivery"): dropping(DeliveryCompleted.fullName, events)
    case (.storeToldTooEarly, "store.order"):
      events.map { event in
        guard event.type == OrderSubmitted.fullName,
          let order = try? OrderSubmitted(serialized: event.payload),
          let placed = try? OrderPlaced(
            paymentKey: order.orderID, amountWon: order.totalWon, storeID: order.storeID,
            lines: order.lines
          ).serialized()
        else { return event }
        return event.replacing(type: OrderPlaced.fullName, payload: placed)
      }
    default: events
    }
  }

  private func dropping(_ type: String, _ events: [RecordedEvent]) -> [RecordedEvent] {
    events.map { $0.type == type ? $0.dropped : $0 }
  }
}

extension RecordedEvent {
  /// Of no meaning to anybody.
  fileprivate var dropped: RecordedEvent {
    replacing(type: "baedal.nothing", category: "nothing")
  }

  fileprivate func replacing(
    version: StreamVersion? = nil, type: String? = nil, category: String? = nil,
    payload: [UInt8]? = nil
  ) -> RecordedEvent {
    RecordedEvent(
      partition: partition, position: position,
      stream: StreamKey(category: category ?? stream.category, id: stream.id),
      version: version ?? self.version, id: id, type: type ?? self.type,
      payload: payload ?? self.payload, metadata: metadata, recordedAt: recordedAt)
  }
}

/// A journal as one subscriber sees it, from the same node or from another one.
struct Feed: EventSource {
  let base: any EventSource
  let subscriber: String
  let plant: Plant?

  var name: String { base.name }

  func status() async throws(JournalError) -> SourceStatus { try await base.status() }

  func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    let events = try await base.read(partition: partition, after: position, limit: limit)
    return plant?.carried(events, to: subscriber) ?? events
  }

  func waitForChange(after heads: [Position]) async throws(JournalError) -> [Position] {
    try await base.waitForChange(after: heads)
  }
}
