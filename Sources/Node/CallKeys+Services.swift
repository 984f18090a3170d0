import Messages
import Transport

extension CallKeys {
  /// What keeps the calls of each method together, in this one place: the customer that orders, the
  /// order, the store, the rider, the payment. Reads of a view that follows its journals by itself
  /// go by whose view it is, so that a customer's pages and what came of an order are asked where
  /// they were asked before.
  ///
  /// In nearly all requests it is the first field; `RegisterStore`, `ChangeStore` and
  /// `RegisterRider` have it as the first of what their first field holds. A method that is not
  /// here (`unkeyed`) goes to any replica.
  static let services = CallKeys(fields)

  static let fields: [String: RequestField] = {
    var fields: [String: RequestField] = [:]
    for method in firstField { fields[method] = [1] }
    for method in firstOfFirst { fields[method] = [1, 1] }
    return fields
  }()

  /// Methods that belong to nothing in particular.
  static let unkeyed: Set<String> = [
    DashboardServiceMethods.getLag.path, PaymentServiceMethods.getSimulator.path,
    PaymentServiceMethods.setSimulator.path,
  ]

  private static let firstOfFirst = [
    StoreServiceMethods.registerStore.path, StoreServiceMethods.changeStore.path,
    DeliveryServiceMethods.registerRider.path,
  ]

  private static let firstField =
    [
      // The customer; each order is of one.
      OrderServiceMethods.placeOrder.path,
      // The order.
      OrderServiceMethods.payOrder.path, OrderServiceMethods.answerOffer.path,
      OrderServiceMethods.cancelOrder.path, OrderServiceMethods.getOrder.path,
      // The payment's key.
      PaymentServiceMethods.charge.path, PaymentServiceMethods.getPayment.path,
      PaymentServiceMethods.refund.path,
    ] + store + delivery + dashboard

  private static let store = [
    // The store.
    StoreServiceMethods.putMenuItem.path, StoreServiceMethods.removeMenuItem.path,
    StoreServiceMethods.setSoldOut.path, StoreServiceMethods.pauseStore.path,
    StoreServiceMethods.resumeStore.path, StoreServiceMethods.getStore.path,
    // The order that a ticket is of.
    StoreServiceMethods.acceptTicket.path, StoreServiceMethods.refuseTicket.path,
    StoreServiceMethods.startCooking.path, StoreServiceMethods.finishCooking.path,
    StoreServiceMethods.answerCancel.path, StoreServiceMethods.offerRefund.path,
    StoreServiceMethods.getTicket.path,
  ]

  private static let delivery = [
    // The rider.
    DeliveryServiceMethods.goOnline.path, DeliveryServiceMethods.goOffline.path,
    DeliveryServiceMethods.getRider.path, DeliveryServiceMethods.listDeliveries.path,
    // The order that a delivery is of.
    DeliveryServiceMethods.claimDelivery.path, DeliveryServiceMethods.declineOffer.path,
    DeliveryServiceMethods.startDelivery.path, DeliveryServiceMethods.pickUp.path,
    DeliveryServiceMethods.completeDelivery.path, DeliveryServiceMethods.getDelivery.path,
  ]

  private static let dashboard = [
    // The order, the customer or the store.
    DashboardServiceMethods.getOrderTimeline.path, DashboardServiceMethods.watchOrder.path,
    DashboardServiceMethods.listCustomerOrders.path, DashboardServiceMethods.getStoreBoard.path,
  ]
}

extension ServiceName {
  /// The full name of its wire service.
  var wireName: String {
    switch self {
    case .order: OrderServiceMethods.serviceName
    case .payment: PaymentServiceMethods.serviceName
    case .store: StoreServiceMethods.serviceName
    case .delivery: DeliveryServiceMethods.serviceName
    case .dashboard: DashboardServiceMethods.serviceName
    }
  }
}
