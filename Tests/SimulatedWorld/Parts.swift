import Journal
import Resilience
import Services
import Transport
import Views

/// Puts a node's services together as a node does, over simulated journals, views in memory and the
/// world's network.
struct Parts {
  private let node: SimulatedNode
  private let world: World
  private let serving: Serving
  private let clocks: NodeClocks
  private var environment: ServiceEnvironment { clocks.environment }

  private static let chargeTimeout = LedgerProvider.timeout + .milliseconds(500)

  init(_ node: SimulatedNode, _ loops: [LoopExecutor], _ world: World) {
    (self.node, self.world) = (node, world)
    clocks = NodeClocks(node, world)
    serving = Serving(loops, clocks)
  }

  func assemble() async throws -> Serving {
    let payment = assemblePayment()
    try assembleOrder(beside: payment)
    assembleStore()
    try await assembleDelivery()
    assembleDashboard()
    let journals = node.journals.map { ($0.key.rawValue, $0.value as any JournalReader) }
    SimulatedFeed.register(
      JournalFeed(Dictionary(uniqueKeysWithValues: journals)), on: &serving.router)
    return serving
  }

  private func assemblePayment() -> PaymentService? {
    guard let journal = journal(.payment) else { return nil }
    let provider = LedgerProvider(world, clock: clocks.transport)
    serving.provider = provider
    let pool = pool("payment") { executor, memory in
      PaymentReplica(
        journal: journal, provider: provider, environment: environment, memory: memory,
        executor: executor)
    }
    let service = PaymentService(pool: pool, simulator: provider.base)
    serving.router.register(service)
    let saga = PaymentSaga(pool: pool)
    fire(journal) { (deadline) throws(RPCError) in try await saga.fire(deadline) }
    follow(.order, into: journal, as: PaymentSaga.orderSubscriber, PaymentSaga.orderEvents) {
      (event) throws(RPCError) in
      try await saga.take(event, subscriber: PaymentSaga.orderSubscriber)
    }
    return service
  }

  private func assembleOrder(beside local: PaymentService?) throws {
    guard let journal = journal(.order) else { return }
    let menus = MenuCopies(node.views.menus)
    project(.store, into: menus, as: MenuCopies.view, .types(MenuCopies.storeEvents))
    let (payment, dependency) = try guarded(
      local ?? RemotePayment(network: world.network, place: node.number))
    let pool = pool("order") { executor, memory in
      OrderReplica(
        journal: journal, menus: menus, payment: payment, environment: environment,
        chargeTimeout: Self.chargeTimeout, memory: memory, executor: executor)
    }
    serving.router.register(OrderService(pool: pool))
    let saga = OrderSaga(journal: journal, pool: pool, environment: environment)
    let drain = PaymentDrain(
      journal: journal, pool: pool, payment: dependency,
      policy: { PaymentDrain.Policy(perSecond: 5, concurrent: 2, interval: .seconds(60)) },
      environment: environment)
    serving.works.append { try await drain.run() }
    let inquiry = PaymentInquiry(journal: journal, pool: pool, environment: environment)
    serving.works.append { try await inquiry.run() }
    var followers: [String: Follower] = [:]
    for (source, name, types) in [
      (ServiceKind.payment, OrderSaga.paymentSubscriber, OrderSaga.paymentEvents),
      (.store, OrderSaga.storeSubscriber, OrderSaga.storeEvents),
      (.delivery, OrderSaga.deliverySubscriber, OrderSaga.deliveryEvents),
    ] {
      followers[name] = follow(source, into: journal, as: name, types) {
        (event) throws(RPCError) in try await saga.take(event, subscriber: name)
      }
    }
    fire(journal) { [followers] (deadline) throws(RPCError) in
      try await saga.fire(deadline) { subscriber, order, time in
        await followers[subscriber]?.hasHeard(of: order, until: time) ?? false
      }
    }
  }

  private func assembleStore() {
    guard let journal = journal(.store) else { return }
    let stores = pool("store") { executor, memory in
      StoreReplica(journal: journal, environment: environment, memory: memory, executor: executor)
    }
    let tickets = pool("ticket") { executor, memory in
      TicketReplica(journal: journal, environment: environment, memory: memory, executor: executor)
    }
    serving.router.register(StoreService(stores: stores, tickets: tickets))
    let saga = StoreSaga(tickets: tickets, environment: environment)
    follow(.order, into: journal, as: StoreSaga.orderSubscriber, StoreSaga.orderEvents) {
      (event) throws(RPCError) in try await saga.take(event)
    }
  }

  private func assembleDelivery() async throws {
    guard let journal = journal(.delivery) else { return }
    let deliveries = pool("delivery") { executor, memory in
      DeliveryReplica(
        journal: journal, environment: environment, memory: memory, executor: executor)
    }
    let riders = pool("rider") { executor, memory in
      RiderReplica(journal: journal, environment: environment, memory: memory, executor: executor)
    }
    let dispatcher = Dispatcher(
      journal: journal, deliveries: deliveries, environment: environment, executor: replica())
    serving.dispatcher = dispatcher
    try await dispatcher.restore(from: node.views.active)
    serving.router.register(
      DeliveryService(deliveries: deliveries, riders: riders, dispatcher: dispatcher))
    project(
      .delivery, into: KeyedStore(node.views.active), as: DispatchView.view,
      .types(DispatchView.events))
    follow(.delivery, into: journal, as: Dispatcher.subscriber, nil) {
      (event) throws(RPCError) in try await dispatcher.take(event)
    }
    let saga = DeliverySaga(journal: journal, deliveries: deliveries, dispatcher: dispatcher)
    follow(.order, into: journal, as: DeliverySaga.orderSubscriber, DeliverySaga.orderEvents) {
      (event) throws(RPCError) in try await saga.take(event)
    }
    fire(journal) { (deadline) throws(RPCError) in try await saga.fire(deadline) }
  }

  private func assembleDashboard() {
    guard node.services.contains(.dashboard) else { return }
    let (view, environment) = (node.views.dashboard, environment)
    let sources: [ServiceKind] = [.order, .payment, .store, .delivery]
    let lag = DashboardLag(sources: sources.map { source($0, for: DashboardStore.viewName) })
    let pool = pool("dashboard") { executor, _ in
      DashboardReplica(view: view, lag: lag, environment: environment, executor: executor)
    }
    serving.router.register(DashboardService(pool: pool))
    for source in sources {
      project(source, into: DashboardStore(view), as: DashboardStore.viewName, .all)
    }
  }
}

extension Parts {
  private func journal(_ service: ServiceKind) -> AnyJournal? {
    node.journals[service].map { AnyJournal($0) }
  }

  private func replica() -> ReplicaExecutor {
    let loop = serving.executor()
    return ReplicaExecutor(loop, task: loop)
  }

  private func pool<Replica: Actor>(
    _ name: String, _ make: (ReplicaExecutor, AggregateMemory) -> Replica
  ) -> ReplicaPool<Replica> {
    let memory = AggregateMemory.pool()
    let most = 4
    let pool = ReplicaPool(
      service: name, replicas: (0..<most).map { _ in make(replica(), memory) },
      limits: PoolLimits(
        minimum: 1, maximum: most, capacityPerReplica: 64,
        mailbox: MailboxPolicy(waitingMax: 128)), clock: clocks.transport)
    resize(pool.control)
    serving.inFlight.append((name, { pool.inFlightCount }))
    return pool
  }

  /// Grows and shrinks a pool at times of the seed's choosing, while things go wrong.
  private func resize(_ pool: PoolControl) {
    let (world, clock) = (world, clocks.transport)
    let chance = Chance(
      seed: world.seed, "pool \(pool.service) of \(node.number) at \(world.scheduler.now)")
    serving.works.append {
      while !world.isHealed {
        let pause = chance.duration(.milliseconds(20)...(.seconds(30)))
        try await clock.sleep(clock.now().advanced(by: pause))
        pool.resize(to: chance.number(1...4))
        pool.tick()
      }
    }
  }

  /// A service's journal for one that follows it: at hand, or over the network.
  private func source(_ service: ServiceKind, for subscriber: String) -> Feed {
    let (owner, journal) = world.journal(of: service)
    let base: any EventSource =
      owner === node
      ? journal
      : RemoteJournal(
        name: service.rawValue,
        feed: SimulatedFeed(owner: owner, place: node.number, world: world),
        clock: clocks.transport)
    return Feed(base: base, subscriber: subscriber, plant: world.plant)
  }

  private typealias Follower = Subscription<Feed, AnyJournal, ServiceSubscriber>

  @discardableResult
  private func follow(
    _ source: ServiceKind, into destination: AnyJournal, as name: String, _ types: Set<String>?,
    _ take: @escaping @Sendable (RecordedEvent) async throws(RPCError) -> Void
  ) -> Follower {
    let world = world
    let subscription = Subscription(
      from: self.source(source, for: name), to: destination,
      subscriber: ServiceSubscriber(name: name, interest: types.map { .types($0) } ?? .all) {
        (event) throws(RPCError) in
        if world.carrier.perMille(world.faults.repeatedEventPerMille) { try await take(event) }
        try await take(event)
      },
      clock: clocks.journal,
      notify: { notice in
        if case .parked(let event) = notice {
          world.note("\(name) sets \(event.stream) \(event.type.shortType) aside: \(event.reason)")
        }
      })
    serving.works.append { try await subscription.run() }
    return subscription
  }

  private func project(
    _ source: ServiceKind, into store: some ProjectionStore, as view: String,
    _ interest: EventInterest
  ) {
    let projection = Projection(
      view, from: self.source(source, for: view), into: store, interest: interest,
      clock: clocks.journal)
    serving.works.append { try await projection.run() }
  }

  private func fire(
    _ journal: AnyJournal, _ handle: @escaping @Sendable (Deadline) async throws(RPCError) -> Void
  ) {
    var options = DeadlineOptions()
    options.longestSleep = .seconds(600)
    let runner = DeadlineRunner(firing: journal, options: options, clock: clocks.journal, handle)
    serving.works.append { await runner.run() }
  }

  /// Payment behind its bulkhead and circuit breaker.
  private func guarded(
    _ payment: any PaymentServiceProtocol
  ) throws -> (PaymentGuard, DependencyGuard) {
    let world = world
    let chance = Chance(seed: world.seed, "guard \(world.scheduler.now)")
    let dependency = try DependencyGuard(
      name: "payment", policy: World.paymentPolicy, seed: chance.next(),
      timing: Bulkhead.Timing(clocks.transport))
    serving.payment = dependency
    let watched = WatchedPayment(base: payment) {
      world.watch(dependency)
      guard world.plant == .leakedPermit, chance.perMille(200) else { return }
      // Resumed by nobody: a planted bug.
      await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
    return (
      PaymentGuard(watched, dependency: dependency, chargeTimeout: Self.chargeTimeout), dependency
    )
  }
}
