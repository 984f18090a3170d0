import Domain
import Journal
import Messages
import Synchronization
import Transport

@testable import Services

/// A provider that answers as the test says, and remembers what it captured by key.
final class ScriptedProvider: PaymentProvider {
  private struct State {
    var next: [ProviderOutcome] = []
    var asked: ProviderOutcome?
    var captures: [PaymentKey: Int] = [:]
    var refunds: Set<RefundKey> = []
  }
  private let state = Mutex(State())

  /// What the next charge comes to; without a script it is approved.
  func answer(_ outcome: ProviderOutcome) { state.withLock { $0.next.append(outcome) } }
  /// What asking comes to from now on.
  func answerQuestions(_ outcome: ProviderOutcome) { state.withLock { $0.asked = outcome } }
  var captures: [PaymentKey: Int] { state.withLock { $0.captures } }
  var refunds: Int { state.withLock { $0.refunds.count } }

  static func approval(_ charge: ProviderCharge) -> ProviderOutcome {
    .approved(ProviderReference(validated: "c-\(charge.key)"), amount: charge.amount)
  }

  func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    state.withLock { state in
      let outcome = state.next.isEmpty ? Self.approval(charge) : state.next.removeFirst()
      if case .approved = outcome { state.captures[charge.key, default: 0] += 1 }
      return outcome
    }
  }

  func outcome(of charge: ProviderCharge) async -> ProviderOutcome {
    state.withLock { $0.asked } ?? Self.approval(charge)
  }

  func refund(_ refund: ProviderRefund) async -> ProviderRefundOutcome {
    _ = state.withLock { $0.refunds.insert(refund.key) }
    return .refunded(ProviderReference(validated: "r-\(refund.payment)"))
  }
}

/// One menu for everyone.
struct OneMenu: MenuCatalog {
  let menu: MenuCopy?

  func menu(of store: StoreID) async throws(RPCError) -> MenuCopy? { menu }
}

/// An order and a payment service with what lies between them.
final class MoneyWorld: OrderWorld {
  let payments: MemoryJournal
  let provider = ScriptedProvider()
  let line: PaymentLine
  /// Whether the order service knows all that the store has recorded, and delivery.
  var isStoreHeard = true
  var isDeliveryHeard = true
  private(set) var orderService: OrderService
  private(set) var paymentService: PaymentService

  static let customer = Transport.Principal(role: "customer", id: "kim")

  /// - Parameter guarding: what stands between order and payment, if anything.
  init(
    hasMenu: Bool = true,
    guarding: (PaymentLine, HandClock) throws -> any PaymentServiceProtocol = { line, _ in line }
  ) throws {
    let clock = HandClock()
    payments = Self.journal("payment", clock)
    let environment = Self.environment(clock)
    let (provider, log) = (provider, AnyJournal(payments))
    paymentService = PaymentService(
      pool: ReplicaPool(
        service: "payment",
        replicas: (0..<2).map { _ in
          PaymentReplica(
            journal: log, provider: provider, environment: environment, executor: Self.executor())
        }, inFlightMax: 64), simulator: nil)
    line = PaymentLine(to: paymentService)
    orderService = OrderService(
      pool: ReplicaPool<OrderReplica>(service: "order", replicas: [], inFlightMax: 0))
    super.init(clock)
    let menus = OneMenu(menu: hasMenu ? try Self.menu() : nil)
    let (orders, payment) = (AnyJournal(orders), try guarding(line, clock))
    orderService = OrderService(
      pool: ReplicaPool(
        service: "order",
        replicas: (0..<2).map { _ in
          OrderReplica(
            journal: orders, menus: menus, payment: payment, environment: environment,
            chargeTimeout: .seconds(3), executor: Self.executor())
        }, inFlightMax: 64))
  }

  private static func menu() throws -> MenuCopy {
    MenuCopy(
      details: Domain.StoreDetails(
        id: try StoreID("store-1"), name: "치킨집", areas: [try Area("역삼동")],
        minimumOrder: try Won(10_000), hours: .always),
      items: [
        Domain.MenuItem(
          id: try MenuItemID("fried"), name: "후라이드", price: try Won(20_000), description: "")
      ], pausedReason: nil, version: 1)
  }

  static func request(_ key: String, quantity: UInt32 = 1, seen: Int64 = 0) -> PlaceOrderRequest {
    PlaceOrderRequest(
      customerID: "kim", idempotencyKey: key, storeID: "store-1",
      lines: [Messages.CartLine(itemID: "fried", quantity: quantity, seenUnitPriceWon: seen)],
      deliveryAddress: "역삼로 1", area: "역삼동", paymentMethod: "card-1")
  }

  func context(_ who: Transport.Principal = customer) -> CallContext {
    CallContext(local: who, clock: environment.clock)
  }

  func place(_ request: PlaceOrderRequest) async throws -> Messages.Order {
    try await orderService.placeOrder(request, context: context()).order ?? Messages.Order()
  }

  func order(_ id: String) async throws -> Messages.Order {
    try await orderService.getOrder(GetOrderRequest(orderID: id), context: context()).order
      ?? Messages.Order()
  }

  func payment(of id: String) async throws -> Messages.Payment {
    try await paymentService.getPayment(GetPaymentRequest(paymentKey: id), context: context())
      .payment ?? Messages.Payment()
  }

  var orderSaga: OrderSaga {
    OrderSaga(
      journal: AnyJournal(orders), pool: orderService.pool, environment: environment)
  }

  /// Lets both take what the other recorded, until nothing more comes of it.
  func settle() async throws {
    let payments = PaymentSaga(pool: paymentService.pool)
    let orders = orderSaga
    var count = 1
    while count > 0 {
      count = try await follow(self.orders, as: PaymentSaga.orderSubscriber) {
        (event) throws(RPCError) in
        try await payments.take(event, subscriber: PaymentSaga.orderSubscriber)
      }
      count += try await follow(self.payments, as: OrderSaga.paymentSubscriber) {
        (event) throws(RPCError) in
        try await orders.take(event, subscriber: OrderSaga.paymentSubscriber)
      }
    }
  }

  /// Moves the clock, fires what falls due in both, and lets both take what comes of it.
  func pass(_ duration: Duration) async throws {
    clock.advance(by: duration)
    try await fire()
    try await settle()
  }

  /// Fires what is due in both.
  func fire() async throws {
    let time = WallTime(milliseconds: clock.now.ms)
    let paymentSaga = PaymentSaga(pool: paymentService.pool)
    for deadline in try await payments.dueDeadlines(at: time, limit: 100) {
      try await paymentSaga.fire(deadline)
    }
    for deadline in try await orders.dueDeadlines(at: time, limit: 100) {
      try await orderSaga.fire(deadline) { subscriber, _, _ in
        subscriber == OrderSaga.storeSubscriber ? isStoreHeard : isDeliveryHeard
      }
    }
  }
}

// What comes from store and delivery.
extension MoneyWorld {
  /// What another service recorded reaches the order.
  func tell(_ id: String, _ commands: OrderCommand...) async throws {
    for command in commands {
      try await orderService.pool.withReplica(for: id, .continuing) {
        (replica) throws(RPCError) in
        try await replica.take(command, on: id, cause: cause(id))
      }
    }
  }

  /// The event by which the store's journal tells that it was asked to let an order go.
  func asked(_ id: String, at position: Position = 1) throws -> RecordedEvent {
    RecordedEvent(
      partition: Partition.holding(id: id, of: orders.partitionCount), position: position,
      stream: StreamKey(category: "ticket", id: id), version: 4, id: EventID("ticket/\(id)/4"),
      type: TicketCancelAsked.fullName,
      payload: try TicketCancelAsked(reason: "늦어요").serialized(),
      metadata: EventMetadata(correlationID: id, causationID: "test"),
      recordedAt: WallTime(milliseconds: clock.now.ms))
  }

  /// An order whose ticket has reached the store.
  func received(_ key: String = "k1") async throws -> String {
    let id = try await place(Self.request(key)).orderID
    try await tell(id, .storeReceived(at: clock.now))
    return id
  }

  /// An order that its customer wants to cancel after the store has accepted it.
  /// - Parameter isAsked: whether the wish has reached the store.
  func cancelRequested(isAsked: Bool = true) async throws -> String {
    let id = try await received()
    try await tell(id, .storeAccepted(etaMinutes: 20))
    _ = try await orderService.cancelOrder(
      CancelOrderRequest(orderID: id, reason: "늦어요"), context: context())
    if isAsked {
      try await orderSaga.take(asked(id), subscriber: OrderSaga.storeSubscriber)
    }
    return id
  }

  func state(_ id: String) async throws -> Messages.OrderState { try await order(id).state }

  /// How long the order still waits.
  func left(_ id: String) async throws -> [Duration] {
    try await orders.deadlines(of: StreamKey(category: "order", id: id)).map {
      .milliseconds($0.dueAt.milliseconds - clock.now.ms)
    }
  }
}
