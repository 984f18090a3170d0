import Domain
import Journal
import Logging
import Resilience
import Services
import Transport
import Views

extension NodeParts {
  mutating func assemblePayment() throws -> PaymentSaga? {
    guard let journal = journals[.payment] else { return nil }
    let environment = environment
    let (provider, simulator) = try provider()
    let pool = try pool("payment", .payment) { executor, memory in
      PaymentReplica(
        journal: journal, provider: provider, environment: environment, memory: memory,
        executor: executor)
    }
    let service = PaymentService(pool: pool, simulator: simulator)
    payment = service
    router.register(service)
    let saga = PaymentSaga(pool: pool)
    fire(.payment) { (deadline) throws(RPCError) in try await saga.fire(deadline) }
    return saga
  }

  mutating func assembleOrder() throws -> OrderSaga? {
    let chargeTimeout = config.payment.callTimeout + .milliseconds(500)
    guard let journal = journals[.order],
      let payment = try guardedPayment(chargeTimeout: chargeTimeout)
    else { return nil }
    let environment = environment
    let rows = try SQLiteKeyedView.open(
      MenuCopies.fold, in: "\(config.dataDirectory)/views",
      restarts: background.log.restarts(ofView: MenuCopies.fold.name),
      onStall: background.log.stalls(ofView: MenuCopies.fold.name))
    closings.append { await rows.close() }
    let menus = MenuCopies(rows)
    if let stores = source(.store) {
      let lag = project(
        stores, into: menus, as: MenuCopies.view, of: .order, .types(MenuCopies.storeEvents))
      menus.fill(from: stores.name, lag)
    }
    let pool = try pool("order", .order) { executor, memory in
      OrderReplica(
        journal: journal, menus: menus, payment: payment, environment: environment,
        chargeTimeout: chargeTimeout, memory: memory, executor: executor)
    }
    router.register(OrderService(pool: pool))
    let saga = OrderSaga(journal: journal, pool: pool, environment: environment)
    let inquiry = PaymentInquiry(journal: journal, pool: pool, environment: environment)
    background.add("inquiry about unknown payments") { try await inquiry.run(pulse: $0) }
    if let dependency = dependencies.first(where: { $0.name == Self.paymentDependency }) {
      let live = live
      let drain = PaymentDrain(
        journal: journal, pool: pool, payment: dependency,
        policy: { PaymentDrain.Policy(live.now.payment.drain) }, environment: environment)
      background.add("drain of parked orders") { try await drain.run(pulse: $0) }
    }
    return saga
  }

  mutating func assembleStore() throws -> StoreSaga? {
    guard let journal = journals[.store] else { return nil }
    let environment = environment
    let stores = try pool("store", .store) { executor, memory in
      StoreReplica(
        journal: journal, environment: environment, memory: memory,
        executor: executor)
    }
    let tickets = try pool("ticket", .store) { executor, memory in
      TicketReplica(
        journal: journal, environment: environment, memory: memory,
        executor: executor)
    }
    router.register(StoreService(stores: stores, tickets: tickets))
    return StoreSaga(tickets: tickets, environment: environment)
  }
}

extension NodeParts {
  private static let paymentDependency = "payment"

  /// Payment behind its bulkhead and circuit breaker, which tells the log of its changes.
  private mutating func guardedPayment(chargeTimeout: Duration) throws -> PaymentGuard? {
    let remote = peers.client(for: .payment).map { PaymentServiceClient($0) }
    guard let payment: any PaymentServiceProtocol = payment ?? remote else { return nil }
    let log = background.log
    var generator = SystemRandomNumberGenerator()
    let dependency = try DependencyGuard(
      name: Self.paymentDependency, policy: DependencyPolicy(config.payment),
      seed: generator.next(), timing: Bulkhead.Timing(environment.clock)
    ) { change in
      log.warning(
        "circuit breaker",
        metadata: [
          "dependency": "\(Self.paymentDependency)", "from": "\(change.from.name)",
          "to": "\(change.to.name)",
          "cause": "\(change.cause)",
        ])
    }
    dependencies.append(dependency)
    // Whoever has spoken last about the policy is heard: the file, when it changes, after an
    // operator, and an operator after the file. A breaker that an operator forces stays so.
    reloads.append(
      ReloadPart(keys: "payment.breaker.", "payment.bulkhead.", "payment.retry_percent") {
        try dependency.replace(policy: DependencyPolicy($0.payment))
      })
    return PaymentGuard(payment, dependency: dependency, chargeTimeout: chargeTimeout)
  }
}

extension PaymentDrain.Policy {
  fileprivate init(_ settings: NodeConfig.Payment.Drain) {
    self.init(
      perSecond: settings.perSecond, concurrent: settings.concurrent, interval: settings.interval)
  }
}
