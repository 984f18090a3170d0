import Domain
import Journal
import Messages
import Testing
import Transport

@testable import Services

/// A delivery service beside an order service whose words a test puts into its mouth.
final class DeliveryWorld: OrderWorld {
  let delivery: MemoryJournal
  private(set) var service: Parts

  /// What makes up the service.
  struct Parts {
    let deliveries: ReplicaPool<DeliveryReplica>
    let riders: ReplicaPool<RiderReplica>
    let dispatcher: Dispatcher
    let saga: DeliverySaga

    init(_ journal: MemoryJournal, _ environment: ServiceEnvironment) {
      let log = AnyJournal(journal)
      deliveries = ReplicaPool(
        service: "delivery",
        replicas: (0..<2).map { _ in
          DeliveryReplica(
            journal: log, environment: environment, executor: OrderWorld.executor())
        }, inFlightMax: 64)
      riders = ReplicaPool(
        service: "rider",
        replicas: (0..<2).map { _ in
          RiderReplica(journal: log, environment: environment, executor: OrderWorld.executor())
        }, inFlightMax: 64)
      dispatcher = Dispatcher(
        journal: log, deliveries: deliveries, environment: environment,
        executor: OrderWorld.executor())
      saga = DeliverySaga(journal: log, deliveries: deliveries, dispatcher: dispatcher)
    }
  }

  init() {
    let clock = HandClock()
    delivery = Self.journal("delivery", clock)
    service = Parts(delivery, Self.environment(clock))
    super.init(clock)
  }

  /// The service as it comes up again, with nothing in memory.
  func restart() { service = Parts(delivery, environment) }

  /// Lets the delivery service take what the order recorded and what it recorded itself, until
  /// nothing more comes of it.
  func settle() async throws {
    let service = service
    var count = 1
    while count > 0 {
      count = try await follow(orders, as: DeliverySaga.orderSubscriber) {
        (event) throws(RPCError) in
        try await service.saga.take(event)
      }
      count += try await follow(delivery, as: Dispatcher.subscriber) { (event) throws(RPCError) in
        try await service.dispatcher.take(event)
      }
    }
  }

  /// Moves the clock and fires what falls due, `deliveries` times each, as the runner would.
  func pass(_ duration: Duration) async throws {
    clock.advance(by: duration)
    let due = try await delivery.dueDeadlines(
      at: WallTime(milliseconds: clock.now.ms), limit: 100)
    for deadline in due {
      for _ in 0..<deliveries { try await service.saga.fire(deadline) }
      _ = try await delivery.append(
        Append(deadlines: [.clearDue(deadline.key, at: deadline.dueAt)]))
    }
    try await settle()
  }

  /// Damages the first event of a stream.
  func damageFirst(of category: String, _ id: String) async throws {
    let stream = try await delivery.load(StreamKey(category: category, id: id))
    let first = try #require(stream.events.first)
    delivery.damage(first.partition, first.position)
  }

  /// Records an accepted order.
  func accept(_ id: OrderID, area: String = "역삼동") async throws {
    try await record(
      id,
      .accepted(
        etaMinutes: 20, store: StoreWorld.storeID, area: try Area(area), address: "역삼로 1"))
    try await settle()
  }

  func online(_ id: RiderID, areas: String...) async throws {
    let areas = areas.isEmpty ? ["역삼동"] : areas
    let profile = Domain.RiderProfile(
      id: id, name: "라이더", areas: try areas.map { (name) throws(Rejection) in try Area(name) })
    try await rider(.register(profile), id)
    try await rider(.goOnline, id)
    try await settle()
  }

  @discardableResult
  func rider(
    _ command: RiderCommand, _ id: RiderID, by who: Domain.Principal? = nil
  ) async throws -> Messages.Rider {
    let response = try await service.riders.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: who ?? .rider(id), cause: cause(id.rawValue))
    }
    return response.rider ?? Messages.Rider()
  }

  @discardableResult
  func step(
    _ command: DeliveryCommand, _ id: OrderID, by who: RiderID
  ) async throws -> Messages.Delivery {
    let response = try await service.deliveries.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: .rider(who), cause: cause(id.rawValue))
    }
    try await settle()
    return response.delivery ?? Messages.Delivery()
  }

  func show(
    _ id: OrderID, to who: Domain.Principal = .operator("op")
  ) async throws -> Messages.Delivery {
    let response = try await service.deliveries.withReplica(for: id.rawValue, .continuing) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: who)
    }
    return response.delivery ?? Messages.Delivery()
  }

  /// The orders a rider sees in their list.
  func list(_ rider: RiderID, areas: String...) async throws -> [String] {
    let areas = areas.isEmpty ? ["역삼동"] : areas
    let known = try areas.map { (name) throws(Rejection) in try Area(name) }
    return await service.dispatcher.visible(to: rider, areas: known, limit: 50)
      .compactMap { $0.job?.order.rawValue }
  }

  func road(_ id: OrderID) async throws -> [String] {
    try await events(delivery, "delivery", id.rawValue)
  }
}
