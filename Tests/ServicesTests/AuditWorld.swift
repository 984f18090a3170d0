import Domain
import Journal
import Messages

@testable import Services

/// The journals that an audit reads, into which a test writes what services would, or what none of
/// them should, and which it damages.
struct AuditWorld {
  let money: MoneyWorld
  let stores: MemoryJournal
  let deliveries: MemoryJournal
  /// Orders that are paid and that their store has received.
  private(set) var ids: [String] = []

  static let rider = RiderID(validated: "rider-1")

  init(orders count: Int) async throws {
    money = try MoneyWorld()
    stores = OrderWorld.journal("store", money.clock)
    deliveries = OrderWorld.journal("delivery", money.clock)
    for number in 0..<count {
      let id = try await money.place(MoneyWorld.request("k\(number)")).orderID
      try await receive(id)
      ids.append(id)
    }
  }

  /// - Parameter orders: what is read in the place of the order's journal.
  func audit(orders: (any AuditSource)? = nil) async throws -> AuditReport {
    try await Audit(
      orders: orders ?? money.orders, payments: money.payments, stores: stores,
      deliveries: deliveries, at: money.clock.now, grace: .seconds(60)
    ).run()
  }

  func pass(_ duration: Duration) { money.clock.advance(by: duration) }

  func partition(of id: String) -> Partition {
    Partition.holding(id: id, of: money.orders.partitionCount)
  }

  /// Damages an event of the partition that an order lies on.
  func damage(_ journal: MemoryJournal, of id: String, at position: Position) {
    journal.damage(partition(of: id), position)
  }

  /// Writes events as the next of their stream, whatever came before.
  /// - Parameter deadlines: whether those that follow from them are written too.
  func append<Aggregate: JournaledDecider>(
    _ type: Aggregate.Type, _ id: String, deadlines: Bool = true, _ events: Aggregate.Event...
  ) async throws {
    let stream = StreamKey(category: Aggregate.category, id: id)
    let written = try await journal(of: stream).load(stream).events
    var state = Aggregate.initial
    for event in written {
      state = Aggregate.evolve(
        state, try Aggregate.codec.decode(type: event.type, payload: event.payload))
    }
    let changes =
      deadlines
      ? Aggregate.deadlines(after: events, from: state, at: money.clock.now, policy: .standard)
      : []
    try await append(
      stream, try events.map { try Aggregate.codec.encode($0) },
      deadlines: changes.map { $0.stored(for: stream) })
  }

  func append(
    _ stream: StreamKey, _ events: [EncodedEvent], deadlines: [StoredDeadlineChange] = []
  ) async throws {
    let journal = journal(of: stream)
    let version = try await journal.version(of: stream)
    let new = events.enumerated().map { index, event in
      NewEvent(
        id: EventID("\(stream)/\(version.value)/\(index)"), type: event.type,
        payload: event.payload,
        metadata: EventMetadata(correlationID: stream.id, causationID: "test"))
    }
    _ = try await journal.append(
      Append(to: stream, expecting: version, new, deadlines: deadlines))
  }

  private func journal(of stream: StreamKey) -> MemoryJournal {
    switch stream.category {
    case Domain.Order.category: money.orders
    case Domain.Payment.category: money.payments
    case Domain.Ticket.category: stores
    default: deliveries
    }
  }
}

// What befalls one order, in one journal or in several.
extension AuditWorld {
  func receive(_ id: String) async throws {
    let order = TicketOrder(
      order: OrderID(validated: id), store: StoreWorld.storeID, lines: try StoreWorld.lines(),
      total: try Won(9_000), receivedAt: money.clock.now)
    try await append(Domain.Ticket.self, id, .received(order))
  }

  func submit(_ id: String, deadlines: Bool = true) async throws {
    try await append(
      Domain.Order.self, id, deadlines: deadlines,
      .submitted(try StoreWorld.draft(OrderID(validated: id))))
  }

  func place(_ id: String, deadlines: Bool = true) async throws {
    try await append(
      Domain.Order.self, id, deadlines: deadlines,
      try StoreWorld.placed(OrderID(validated: id)))
  }

  /// Asks for 9,000 won.
  func charge(_ id: String, deadlines: Bool = true) async throws {
    let order = OrderID(validated: id)
    let request = PaymentRequest(
      key: PaymentKey(order), order: order, customer: CustomerID(validated: "customer-1"),
      store: StoreWorld.storeID, amount: try Won(9_000), method: PaymentMethod(validated: "card"))
    try await append(
      Domain.Payment.self, id, deadlines: deadlines, .requested(request),
      .attempted(attempt: 1, method: nil))
  }

  func approve(_ id: String, _ amount: Int64 = 9_000, as reference: String = "c-1") async throws {
    try await append(
      Domain.Payment.self, id,
      .approved(
        attempt: 1, reference: ProviderReference(validated: reference), amount: try Won(amount)))
  }

  func askBack(_ id: String, _ key: RefundKey, _ amount: Int64) async throws {
    try await append(
      Domain.Payment.self, id,
      .refundRequested(key: key, amount: try Won(amount), reason: "", bearer: .store))
  }

  func giveBack(_ id: String, _ key: RefundKey, _ amount: Int64) async throws {
    try await append(
      Domain.Payment.self, id,
      .refunded(
        key: key, amount: try Won(amount), reference: ProviderReference(validated: "r-\(key)")))
  }

  func settle(_ id: String, keeping amount: Int64) async throws {
    try await append(Domain.Payment.self, id, .settled(kept: try Won(amount)))
  }

  func cancel(_ id: String) async throws {
    try await append(Domain.Order.self, id, .cancelled(by: .customer, reason: ""))
  }

  func withdraw(_ id: String) async throws {
    try await append(Domain.Ticket.self, id, .withdrawn(reason: ""))
  }

  /// A rider is looked for.
  func open(_ id: String) async throws {
    let job = DeliveryJob(
      order: OrderID(validated: id), store: StoreWorld.storeID, area: try Area("역삼동"),
      address: "역삼로 1")
    try await append(Domain.Delivery.self, id, .opened(job))
  }

  /// A rider has brought it.
  func arrive(_ id: String) async throws {
    try await open(id)
    try await append(
      Domain.Delivery.self, id, .assigned(rider: Self.rider), .foodReady,
      .started(rider: Self.rider), .pickedUp(rider: Self.rider), .completed(rider: Self.rider))
  }

  /// Given up while the rider was on the way, with the whole total given back.
  func giveUp(_ id: String, by role: Role) async throws {
    try await append(Domain.Order.self, id, try StoreWorld.accepted())
    try await append(
      Domain.Order.self, id, .cookingStarted, .cookingFinished,
      .deliveryStarted(rider: Self.rider), .pickedUp(rider: Self.rider),
      .cancelled(by: role, reason: ""))
    try await append(
      Domain.Ticket.self, id, .accepted(etaMinutes: 20), .confirmed, .cookingStarted,
      .cookingFinished, .closed)
    try await askBack(id, .void, 20_000)
    try await giveBack(id, .void, 20_000)
  }

  /// Cancelled, with the whole total given back, and gone from the store.
  func undo(_ id: String) async throws {
    try await cancel(id)
    try await askBack(id, .void, 20_000)
    try await giveBack(id, .void, 20_000)
    try await withdraw(id)
  }

  /// From the store's answer to the door; its money is left alone.
  /// - Parameter offered: what the customer takes for what is left out.
  func deliver(_ id: String, offered: Int64? = nil) async throws {
    try await append(Domain.Order.self, id, try StoreWorld.accepted())
    if let offered {
      let offer = Domain.RefundOffer(
        number: 1, items: [Domain.OfferedItem(item: MenuItemID(validated: "fried"), quantity: 1)],
        amount: try Won(offered), reason: "품절")
      try await append(
        Domain.Order.self, id, .refundOffered(offer),
        .refundAccepted(number: 1, amount: offer.amount, reason: offer.reason))
    }
    try await append(
      Domain.Order.self, id, .cookingStarted, .cookingFinished,
      .deliveryStarted(rider: Self.rider), .pickedUp(rider: Self.rider),
      .delivered(rider: Self.rider))
    try await append(
      Domain.Ticket.self, id, .accepted(etaMinutes: 20), .confirmed, .cookingStarted,
      .cookingFinished, .closed)
  }
}

extension AuditReport {
  /// What was found: promise and subject.
  var findings: Set<String> { Set(violations.map { "\($0.promise) \($0.subject)" }) }
}

/// A journal in which an audit sees something else than what is there.
struct SeenOtherwise: AuditSource {
  let base: MemoryJournal
  let seen: @Sendable ([RecordedEvent]) throws(JournalError) -> [RecordedEvent]

  var name: String { base.name }

  nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    try await base.status()
  }

  nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try seen(await base.read(partition: partition, after: position, limit: limit))
  }

  nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    try await base.waitForChange(after: heads)
  }

  nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion {
    try await base.version(of: stream)
  }

  nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }
}
