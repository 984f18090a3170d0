import Messages
import Testing
import Transport

/// The people around one store, each with a connection of their own to one node.
struct Town: Sendable {
  let port: Int
  let customer: Person
  let owner: Person
  let rider: Person
  let boss: Person

  static let store = "store-1"
  static let riderID = "rider-1"
  static let area = "역삼동"
  static let menu = [
    MenuItem(itemID: "chicken", name: "후라이드치킨", priceWon: 19_000),
    MenuItem(itemID: "cola", name: "콜라 1.25L", priceWon: 2_500),
    MenuItem(itemID: "gimbap", name: "참치김밥", priceWon: 4_500),
  ]
  /// One chicken and two cola.
  static let total: Int64 = 24_000

  /// - Parameter connections: of the customer and of the owner.
  init(_ node: NodeProcess, connections: Int = 1, tls: ClientTLS? = nil) {
    self.init(node.port, connections: connections, tls: tls)
  }

  init(_ port: Int, connections: Int = 1, tls: ClientTLS? = nil) {
    self.port = port
    customer = Person("customer", "c-1", of: port, connections: connections, tls: tls)
    owner = Person("store", Self.store, of: port, connections: connections, tls: tls)
    rider = Person("rider", Self.riderID, of: port, tls: tls)
    boss = Person("operator", "boss", of: port, tls: tls)
  }

  init(_ port: Int, customer: Person, owner: Person, rider: Person, boss: Person) {
    self.port = port
    (self.customer, self.owner, self.rider, self.boss) = (customer, owner, rider, boss)
  }

  func close() async {
    for person in [customer, owner, rider, boss] { await person.close() }
  }

  /// Registers the store with its menu and sends the rider online; returns when the order service
  /// has its copy of the menu.
  func open() async throws {
    let details = StoreDetails(
      storeID: Self.store, name: "행복치킨", areas: [Self.area], minimumOrderWon: 12_000)
    _ = try await owner.call(
      StoreServiceMethods.registerStore, RegisterStoreRequest(details: details))
    for item in Self.menu { try await put(item) }
    let profile = RiderProfile(riderID: Self.riderID, name: "김배달", areas: [Self.area])
    _ = try await rider.call(
      DeliveryServiceMethods.registerRider, RegisterRiderRequest(profile: profile))
    _ = try await rider.call(
      DeliveryServiceMethods.goOnline, RiderRequest(riderID: Self.riderID))
    try await menuArrives()
  }

  func put(_ item: MenuItem) async throws {
    _ = try await owner.call(
      StoreServiceMethods.putMenuItem, PutMenuItemRequest(storeID: Self.store, item: item))
  }

  /// Waits until an order for everything on the menu is refused for its made-up prices alone.
  private func menuArrives() async throws {
    var request = Self.request("menu probe")
    request.lines = Self.menu.map { CartLine(itemID: $0.itemID, quantity: 1, seenUnitPriceWon: 1) }
    try await until("menu in the order service") {
      do {
        _ = try await customer.call(OrderServiceMethods.placeOrder, request)
        throw Trouble("ordered at made-up prices")
      } catch let error as RPCError {
        guard let changed = error.detail(PriceChanged.self) else { return false }
        return changed.changes.count == Self.menu.count
      }
    }
  }
}

// MARK: - Ordering

extension Town {
  /// One chicken and two cola.
  static func request(
    _ key: String, method: String = "card-ok", address: String = "테헤란로 1, 101동 1001호"
  ) -> PlaceOrderRequest {
    PlaceOrderRequest(
      customerID: "c-1", idempotencyKey: key, storeID: store,
      lines: [
        CartLine(itemID: "chicken", quantity: 1, seenUnitPriceWon: 19_000),
        CartLine(itemID: "cola", quantity: 2, seenUnitPriceWon: 2_500),
      ],
      deliveryAddress: address, area: area, paymentMethod: method)
  }

  /// The order that `request` comes to.
  func place(_ request: PlaceOrderRequest) async throws(RPCError) -> Messages.Order {
    let answer = try await customer.call(OrderServiceMethods.placeOrder, request)
    guard let order = answer.order else {
      throw RPCError(code: .internal, message: "an answer without an order")
    }
    return order
  }

  /// Places an order that is paid at once.
  func placed(_ key: String) async throws -> Messages.Order {
    let order = try await place(Self.request(key))
    try #require(order.state == .placed, "\(order)")
    return order
  }

  func order(_ id: String) async throws(RPCError) -> Messages.Order {
    let answer = try await customer.call(OrderServiceMethods.getOrder, GetOrderRequest(orderID: id))
    guard let order = answer.order else {
      throw RPCError(code: .internal, message: "an answer without an order")
    }
    return order
  }

  /// Waits until the order has come to that state.
  @discardableResult
  func order(_ id: String, reaches state: OrderState) async throws -> Messages.Order {
    try await eventually("order \(id) in \(state)") {
      let order = try await order(id)
      return order.state == state ? order : nil
    }
  }

  func cancel(_ id: String) async throws(RPCError) -> Messages.Order {
    let answer = try await customer.call(
      OrderServiceMethods.cancelOrder, CancelOrderRequest(orderID: id, reason: "주문 실수"))
    return answer.order ?? Messages.Order()
  }

  func payment(of id: String) async throws(RPCError) -> Payment {
    let answer = try await boss.call(
      PaymentServiceMethods.getPayment, GetPaymentRequest(paymentKey: id))
    return answer.payment ?? Payment()
  }

  /// Waits until nothing of the order's money is held any more.
  func settledPayment(of id: String) async throws -> Payment {
    try await eventually("settled payment of \(id)") {
      let payment = try await payment(of: id)
      return payment.heldWon == 0 ? payment : nil
    }
  }

  /// Takes as long as there is much to read: after a long run minutes, in a debug build.
  func audit() async throws(RPCError) -> AuditResponse {
    try await boss.call(AdminServiceMethods.audit, AuditRequest(), within: .seconds(300))
  }
}

extension RPCError {
  /// The first detail of that type.
  func detail<M: Message>(_ type: M.Type) -> M? {
    details.first { $0.typeURL == M.fullName }.flatMap { try? M(serialized: $0.bytes) }
  }

  /// Which rule refused, such as `soldOut`.
  var rule: String { detail(Refusal.self)?.code ?? "" }
}
