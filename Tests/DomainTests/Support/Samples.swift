@testable import Domain

/// A value that is known to be fine, without a force-unwrap at each use.
func won(_ amount: Int64) -> Won { (try? Won(amount)) ?? .zero }

extension Area {
  static let here = sample("역삼동")
  static let elsewhere = sample("해운대구")

  private static func sample(_ name: String) -> Area {
    guard let area = try? Area(name) else { preconditionFailure("not an area: \(name)") }
    return area
  }
}

/// One order and everybody around it, and somebody else of each kind.
enum Sample {
  static let order = OrderID(validated: "o-1")
  static let customer = CustomerID(validated: "c-1")
  static let store = StoreID(validated: "s-1")
  static let rider = RiderID(validated: "r-1")
  static let otherRider = RiderID(validated: "r-2")
  static let key = PaymentKey(order)
  static let method = PaymentMethod(validated: "card:1")
  static let capture = ProviderReference(validated: "prov-1")
  static let bulgogi = MenuItemID(validated: "bulgogi")
  static let noodles = MenuItemID(validated: "noodles")
  static let now = Timestamp(ms: 1_700_000_000_000)
  static let later = Timestamp(ms: 1_700_000_600_000)

  static let owners: [Principal] = [
    .customer(customer), .store(store), .rider(rider), .operator("op-1"), .service("svc-1"),
  ]
  /// The same roles without any right to the sample order.
  static let strangers: [Principal] = [
    .customer(CustomerID(validated: "c-2")), .store(StoreID(validated: "s-2")),
    .rider(RiderID(validated: "r-9")),
  ]
  static func owner(_ role: Role) -> Principal {
    owners.first { $0.role == role } ?? .service("svc-1")
  }

  static let lines = [
    OrderLine(item: bulgogi, name: "불고기", unitPrice: won(9000), quantity: 2),
    OrderLine(item: noodles, name: "냉면", unitPrice: won(8000), quantity: 1),
  ]
  static let total = won(26_000)

  static func draft(
    id: OrderID = order, customer: CustomerID = customer, lines: [OrderLine] = lines,
    total: Won = total, address: String = "테헤란로 1", fingerprint: String = "f-1",
    allowParking: Bool = true, method: PaymentMethod? = method
  ) -> OrderDraft {
    OrderDraft(
      id: id, customer: customer, store: store, lines: lines, total: total,
      deliveryAddress: address, area: .here, paymentMethod: method,
      fingerprint: Fingerprint(validated: fingerprint), menuVersion: 3,
      allowParking: allowParking, expiresAt: later)
  }

  static let placed = OrderEvent.placed(
    paymentKey: key, amount: total, store: store, lines: lines)
  static func accepted(_ minutes: Int) -> OrderEvent {
    .accepted(etaMinutes: minutes, store: store, area: .here, address: "테헤란로 1")
  }

  static func request(amount: Won = total) -> PaymentRequest {
    PaymentRequest(
      key: key, order: order, customer: customer, store: store, amount: amount, method: method)
  }

  static let offer = RefundOffer(
    number: 1, items: [OfferedItem(item: bulgogi, quantity: 1)], amount: won(9000),
    reason: "sold out")

  static let ticketOrder = TicketOrder(
    order: order, store: store, lines: lines, total: total, receivedAt: now)
  static let job = DeliveryJob(order: order, store: store, area: .here, address: "테헤란로 1")

  static func details(
    name: String = "한식당", areas: [Area] = [.here], minimum: Won = won(10_000),
    hours: OpeningHours = .always
  ) -> StoreDetails {
    StoreDetails(id: store, name: name, areas: areas, minimumOrder: minimum, hours: hours)
  }

  static let item = MenuItem(id: bulgogi, name: "불고기", price: won(9000), description: "")
  static let profile = RiderProfile(id: rider, name: "김기사", areas: [.here])
}
