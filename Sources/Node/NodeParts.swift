import Domain
import Journal
import Logging
import Messages
import NIOCore
import NIOPosix
import Resilience
import Services
import Transport
import Views

/// A configuration made into a running node's parts: journals, pools, router, background work.
/// The one place that sees every adapter.
struct NodeParts {
  /// As the node was started with.
  let config: NodeConfig
  /// As it is now, for what can change while the node runs.
  let live: LiveConfig
  let group: MultiThreadedEventLoopGroup
  /// Those of `group`, where replicas have their seats.
  let loops: [LoopExecutor]
  let journals: NodeJournals
  let peers: NodePeers
  let environment: ServiceEnvironment
  let health: NodeHealth
  var router: Router
  var background: Background
  /// The payment service; nil when it does not run here.
  var payment: (any PaymentServiceProtocol)?
  /// The guards of what this node calls.
  var dependencies: [DependencyGuard] = []
  /// The dashboard's view; nil when it does not run here.
  var dashboard: NodeDashboard?
  /// The pools, and what makes them follow their load.
  var pools = PoolScaler()
  /// Each returns once its pool has been where it works, on every event loop.
  var visits: [(pool: String, visit: @Sendable () async -> Void)] = []
  /// Sagas that may have parked events, by the service they belong to.
  var followers: [(service: ServiceName, follower: Follower)] = []
  /// Who is told of the deadlines of a service's journal.
  private var deadlines: [(ServiceName, @Sendable (Deadline) async throws(RPCError) -> Void)] = []
  /// What traffic depends on.
  var readiness: [ReadinessCheck] = []
  /// How busy it is; nil until all parts are there.
  private(set) var signals: SignalReader?
  /// Who takes up changed settings.
  var reloads: [ReloadPart] = []
  /// What is to be closed when the node ends, views before journals.
  var closings: [@Sendable () async -> Void] = []

  init(
    _ config: NodeConfig, tls: NodeTLS, group: MultiThreadedEventLoopGroup, health: NodeHealth,
    log: Logger
  ) async throws {
    self.config = config
    self.health = health
    self.live = LiveConfig(config)
    self.group = group
    self.loops = try await LoopExecutor.all(of: group)
    self.journals = try await NodeJournals(config, log: log)
    self.peers = NodePeers(config, tls: tls.client, group: group)
    self.environment = NodeClock.environment(config.deadlines)
    let limiter = RateLimiter<Transport.Principal>(.calls(config.access))
    self.router = Router { (context, request) throws(RPCError) in
      try limiter.admit(context.principal)
      try MethodRules.authorize(context, request)
    }
    reloads.append(
      ReloadPart(keys: "access.calls_") { limiter.replace(.calls($0.access)) })
    self.background = Background(config, log: log)
    do {
      try await assemble()
    } catch {
      await close()
      throw error
    }
  }

  /// Closes views, then journals.
  func close() async {
    for close in closings { await close() }
    await peers.close()
    await journals.close()
  }

  private mutating func assemble() async throws {
    let payment = try assemblePayment()
    let order = try assembleOrder()
    let store = try assembleStore()
    let delivery = try await assembleDelivery()
    try assembleDashboard()
    connect(order, payment, store, delivery)
    fireDeadlines()
    let admin = NodeAdmin(
      config: config, live: live, startedAtMs: NodeClock.milliseconds(), pools: pools.controls,
      followers: followers, audit: audit(), dashboard: dashboard,
      dependencies: dependencies, journals: journals, peers: peers, works: background.register,
      log: background.log)
    router.register(admin)
    router.register(JournalFeed(journals.readers))
    measure()
    scalePools()
    health.registry.register(on: &router)
    // Health tells of what runs here, not of what is passed on.
    health.serve(ServiceName.served(by: router.methods))
    checkReadiness()
    forward()
    try MethodRules.checkComplete(router.methods)
    watchReplicas()
    router.describe(descriptorSet: MessageRegistry.descriptorSet)
  }

  /// Has `handle` called for each deadline of a service's journal that passes.
  mutating func fire(
    _ service: ServiceName,
    _ handle: @escaping @Sendable (Deadline) async throws(RPCError) -> Void
  ) {
    deadlines.append((service, handle))
  }

  /// Once it is known whom the services follow.
  private mutating func fireDeadlines() {
    for (service, handle) in deadlines {
      guard let journal = journals[service] else { continue }
      background.fire(
        journal, after: followers.filter { $0.0 == service }.map(\.1), handle)
    }
  }

  /// Lets the pools follow their load, once all of them are there and all that they call.
  private mutating func scalePools() {
    let (pools, dependencies, log) = (pools, dependencies, background.log)
    let clock = environment.clock
    reloads.append(ReloadPart(keys: "pools.", "autoscale.") { try pools.replace($0) })
    background.add("autoscaling of pools") { _ in
      try await pools.run(dependencies, clock: clock, log: log)
    }
  }

  /// Reads signals, once all is there that has some.
  private mutating func measure() {
    let reader = SignalReader(
      config, pools: pools.controls, dependencies: dependencies, journals: journals,
      lags: background.lags, loops: Array(group.makeIterator()))
    signals = reader
    router.register(NodeSignalsService(reader, pools, clock: environment.clock))
    guard config.signals.isOn else { return }
    background.add("signals") { _ in try await reader.run() }
  }

  /// Over all journals that can be reached from here.
  private func audit() -> NodeAudit {
    NodeAudit(
      order: source(.order), payment: source(.payment), store: source(.store),
      delivery: source(.delivery), config)
  }

  /// The sagas: who follows whom. A service that does not run here catches up when it does.
  private mutating func connect(
    _ order: OrderSaga?, _ payment: PaymentSaga?, _ store: StoreSaga?, _ delivery: DeliverySaga?
  ) {
    if let order {
      for (source, name, types) in [
        (ServiceName.payment, OrderSaga.paymentSubscriber, OrderSaga.paymentEvents),
        (.store, OrderSaga.storeSubscriber, OrderSaga.storeEvents),
        (.delivery, OrderSaga.deliverySubscriber, OrderSaga.deliveryEvents),
      ] {
        follow(source, into: .order, as: name, types) { (event) throws(RPCError) in
          try await order.take(event, subscriber: name)
        }
      }
      let heard = followers.filter { $0.service == .order }.map(\.follower)
      fire(.order) { (deadline) throws(RPCError) in
        try await order.fire(deadline) { subscriber, stream, time in
          let follower = heard.first { $0.subscriber.name == subscriber }
          return await follower?.hasHeard(of: stream, until: time) ?? false
        }
      }
    }
    if let payment {
      follow(
        .order, into: .payment, as: PaymentSaga.orderSubscriber, PaymentSaga.orderEvents
      ) { (event) throws(RPCError) in
        try await payment.take(event, subscriber: PaymentSaga.orderSubscriber)
      }
    }
    if let store {
      follow(.order, into: .store, as: StoreSaga.orderSubscriber, StoreSaga.orderEvents) {
        (event) throws(RPCError) in try await store.take(event)
      }
    }
    if let delivery {
      follow(
        .order, into: .delivery, as: DeliverySaga.orderSubscriber, DeliverySaga.orderEvents
      ) { (event) throws(RPCError) in try await delivery.take(event) }
    }
  }

  mutating func follow(
    _ source: ServiceName, into destination: ServiceName, as name: String, _ types: Set<String>?,
    _ take: @escaping @Sendable (RecordedEvent) async throws(RPCError) -> Void
  ) {
    guard let into = journals[destination] else { return }
    guard let from = self.source(source) else { return miss(source, for: destination, as: name) }
    let follower = background.follow(from, into: into, as: name, types, take)
    followers.append((destination, follower))
    awaitNear(name, of: destination, to: from) { follower.knownLag }
  }

  /// A pool whose replicas have a seat on each event loop, and follow its load.
  mutating func pool<Replica: Actor>(
    _ name: String, _ service: ServiceName, _ make: (ReplicaExecutor, AggregateMemory) -> Replica
  ) throws -> ReplicaPool<Replica> {
    let memory = AggregateMemory.pool()
    let limits = PoolLimits(config, service)
    let replicas = (0..<limits.maximum).map { _ in
      loops.map { make(ReplicaExecutor($0, task: $0), memory) }
    }
    let pool = ReplicaPool(
      service: name, replicas: replicas, limits: limits, clock: environment.clock)
    try pools.add(pool.control, of: service, config, environment)
    visits.append((name, { await pool.visit() }))
    return pool
  }
}
