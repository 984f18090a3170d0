import Domain
import Messages
import Transport

extension MethodRules {
  /// One rule a method; a node with a method that has none does not start.
  package static let table: [MethodRule] =
    order + payment + store + delivery + dashboard + machinery

  private static let everybody: Set<Role> = Set(Role.allCases)

  private static let order = rules(
    OrderServiceMethods.serviceName,
    ("PlaceOrder", [.customer], .own([1])),
    ("PayOrder", [.customer, .operator, .service], .party),
    ("AnswerOffer", [.customer, .operator], .party),
    ("CancelOrder", [.customer, .operator], .party),
    ("GetOrder", everybody, .party))

  private static let payment = rules(
    PaymentServiceMethods.serviceName,
    ("Charge", [.service], .nobody),
    ("GetPayment", [.customer, .operator, .service], .party),
    ("Refund", [.operator, .service], .nobody),
    ("GetSimulator", [.operator], .nobody), ("SetSimulator", [.operator], .nobody))

  private static let store =
    [
      MethodRule(
        method: StoreServiceMethods.getStore.path, callers: .anyone, ownership: .nobody)
    ]
    + rules(
      StoreServiceMethods.serviceName,
      ("RegisterStore", [.store, .operator], .own([1, 1])),
      ("ChangeStore", [.store, .operator], .own([1, 1])),
      ("PutMenuItem", [.store, .operator], .own([1])),
      ("RemoveMenuItem", [.store, .operator], .own([1])),
      ("SetSoldOut", [.store, .operator], .own([1])),
      ("PauseStore", [.store, .operator], .own([1])),
      ("ResumeStore", [.store, .operator], .own([1])), ("AcceptTicket", [.store], .party),
      ("RefuseTicket", [.store], .party), ("StartCooking", [.store], .party),
      ("FinishCooking", [.store], .party), ("OfferRefund", [.store], .party),
      ("AnswerCancel", [.store, .operator], .party),
      ("GetTicket", [.store, .operator, .service], .party))

  private static let delivery = rules(
    DeliveryServiceMethods.serviceName,
    ("RegisterRider", [.rider, .operator], .own([1, 1])),
    ("GoOnline", [.rider, .operator], .own([1])),
    ("GoOffline", [.rider, .operator], .own([1])),
    ("GetRider", [.rider, .operator, .service], .own([1])),
    ("ListDeliveries", [.rider, .operator, .service], .own([1])),
    ("ClaimDelivery", [.rider], .party),
    ("DeclineOffer", [.rider], .party), ("StartDelivery", [.rider], .party),
    ("PickUp", [.rider], .party), ("CompleteDelivery", [.rider], .party),
    ("GetDelivery", [.rider, .operator, .service], .party))

  private static let dashboard = rules(
    DashboardServiceMethods.serviceName,
    ("GetOrderTimeline", [.customer, .store, .rider, .operator], .party),
    ("WatchOrder", [.customer, .store, .rider, .operator], .party),
    ("ListCustomerOrders", [.customer, .operator], .own([1])),
    ("GetStoreBoard", [.store, .operator], .own([1])), ("GetLag", everybody, .nobody))

  /// What nodes and their operators need of each other, and what everyone may ask.
  private static let machinery =
    [
      HealthServiceMethods.check.path, HealthServiceMethods.watch.path,
      DescribeServiceMethods.describe.path,
    ].map { MethodRule(method: $0, callers: .anyone, ownership: .nobody) }
    + rules(
      JournalServiceMethods.serviceName,
      ("GetStatus", [.service, .operator], .nobody),
      ("ReadEvents", [.service, .operator], .nobody),
      ("WatchHeads", [.service, .operator], .nobody), ("GetStream", [.service, .operator], .nobody))
    + rules(
      SignalsServiceMethods.serviceName,
      ("GetSignals", [.service, .operator], .nobody),
      ("WatchSignals", [.service, .operator], .nobody),
      ("ExplainScaling", [.service, .operator], .nobody))
    + [
      "GetNode", "Audit", "ListParked", "GetParked", "ReplayParked", "DiscardParked",
      "RebuildDashboard", "ListBreakers", "OperateBreaker", "SetDependencyPolicy", "ListWaiting",
      "GetConfig",
    ].flatMap { rules(AdminServiceMethods.serviceName, ($0, [.operator], .nobody)) }

  private static func rules(
    _ service: String, _ rows: (String, Set<Role>, MethodRule.Ownership)...
  ) -> [MethodRule] {
    rows.map { name, roles, ownership in
      MethodRule(method: "\(service)/\(name)", callers: .roles(roles), ownership: ownership)
    }
  }
}
