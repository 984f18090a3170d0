import Domain
import Journal
import Messages
import Transport

@testable import Services

/// A store service beside an order service whose words a test puts into its mouth.
final class StoreWorld: OrderWorld {
  let store: MemoryJournal
  private(set) var stores: ReplicaPool<StoreReplica>
  private(set) var tickets: ReplicaPool<TicketReplica>
  private var saga: StoreSaga

  static let owner = Domain.Principal.store(StoreID(validated: "store-1"))
  static let other = Domain.Principal.store(StoreID(validated: "store-2"))
  static let storeID = StoreID(validated: "store-1")

  init() {
    let clock = HandClock()
    let environment = Self.environment(clock)
    store = Self.journal("store", clock)
    (stores, tickets) = Self.pools(store, environment)
    saga = StoreSaga(tickets: tickets, environment: environment)
    super.init(clock)
  }

  private static func pools(
    _ journal: MemoryJournal, _ environment: ServiceEnvironment
  ) -> (ReplicaPool<StoreReplica>, ReplicaPool<TicketReplica>) {
    let log = AnyJournal(journal)
    let stores = (0..<2).map { _ in
      StoreReplica(journal: log, environment: environment, executor: executor())
    }
    let tickets = (0..<2).map { _ in
      TicketReplica(journal: log, environment: environment, executor: executor())
    }
    return (
      ReplicaPool(service: "store", replicas: stores, inFlightMax: 64),
      ReplicaPool(service: "ticket", replicas: tickets, inFlightMax: 64)
    )
  }

  /// The service as it comes up again, with nothing in memory.
  func restart() {
    (stores, tickets) = Self.pools(store, environment)
    saga = StoreSaga(tickets: tickets, environment: environment)
  }

  /// Lets the store service take what the order recorded.
  func settle() async throws {
    let saga = saga
    _ = try await follow(orders, as: StoreSaga.orderSubscriber) { (event) throws(RPCError) in
      try await saga.take(event)
    }
  }

  /// Lets the service take everything from the beginning again.
  func replay() async throws {
    rewind(StoreSaga.orderSubscriber)
    try await settle()
  }

  /// Records an order that was paid.
  func place(_ id: OrderID) async throws {
    try await record(id, .submitted(try Self.draft(id)))
    try await record(id, try Self.placed(id))
  }

  @discardableResult
  func ticket(
    _ command: TicketCommand, _ id: OrderID, by who: Domain.Principal = owner
  ) async throws -> Messages.Ticket {
    let response = try await tickets.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: who, cause: cause(id.rawValue))
    }
    return response.ticket ?? Messages.Ticket()
  }

  func ticket(_ id: OrderID, by who: Domain.Principal = owner) async throws -> Messages.Ticket {
    let response = try await tickets.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: who)
    }
    return response.ticket ?? Messages.Ticket()
  }

  @discardableResult
  func change(
    _ command: StoreProfileCommand, by who: Domain.Principal = owner
  ) async throws -> Messages.Store {
    let response = try await stores.withReplica(for: Self.storeID.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: Self.storeID, by: who, cause: cause("store-1"))
    }
    return response.store ?? Messages.Store()
  }

  func road(_ id: OrderID) async throws -> [String] {
    try await events(store, "ticket", id.rawValue)
  }
}

extension StoreWorld {
  static func lines() throws -> [Domain.OrderLine] {
    [
      Domain.OrderLine(
        item: MenuItemID(validated: "kimbap"), name: "김밥", unitPrice: try Won(4_500), quantity: 2)
    ]
  }

  static func draft(_ id: OrderID) throws -> OrderDraft {
    OrderDraft(
      id: id, customer: CustomerID(validated: "customer-1"), store: storeID,
      lines: try lines(), total: try Won(9_000), deliveryAddress: "역삼로 1",
      area: try Area("역삼동"), paymentMethod: PaymentMethod(validated: "card"),
      fingerprint: Fingerprint(validated: "f"), menuVersion: 1, allowParking: true,
      expiresAt: Timestamp(ms: 1_760_000_030_000))
  }

  static func placed(_ id: OrderID) throws -> OrderEvent {
    .placed(
      paymentKey: PaymentKey(id), amount: try Won(9_000), store: storeID, lines: try lines())
  }

  static func accepted() throws -> OrderEvent {
    .accepted(etaMinutes: 20, store: storeID, area: try Area("역삼동"), address: "역삼로 1")
  }

  static func details(_ name: String = "김밥천국") throws -> Domain.StoreDetails {
    Domain.StoreDetails(
      id: storeID, name: name, areas: [try Area("역삼동")], minimumOrder: try Won(8_000),
      hours: .always)
  }
}
