import Messages
import NIOPosix
import Services
import Testing
import Transport

@testable import Node

/// One place says what keeps calls together.
@Suite("Keys of the services' calls")
struct CallKeysRulesTests {
  @Test("a request's key is whose it is, also where it stands within")
  func keys() throws {
    let keys = CallKeys.services
    let customer = RendezvousHash.hash("minji".utf8)
    let page = try ListCustomerOrdersRequest(customerID: "minji", cursor: "c").serialized()
    #expect(keys.key(of: DashboardServiceMethods.listCustomerOrders.path, in: page) == customer)
    let next = try ListCustomerOrdersRequest(customerID: "minji", limit: 3).serialized()
    #expect(keys.key(of: DashboardServiceMethods.listCustomerOrders.path, in: next) == customer)
    let store = try RegisterStoreRequest(details: StoreDetails(storeID: "minji")).serialized()
    #expect(keys.key(of: StoreServiceMethods.registerStore.path, in: store) == customer)
    let lag = try GetLagRequest().serialized()
    #expect(keys.key(of: DashboardServiceMethods.getLag.path, in: lag) == nil)
  }

  @Test("a watch and a timeline of one order go to the same place")
  func together() throws {
    let watch = try WatchOrderRequest(orderID: "o-7").serialized()
    let timeline = try GetOrderTimelineRequest(orderID: "o-7", atLeastVersion: 4).serialized()
    let keys = CallKeys.services
    let key = keys.key(of: DashboardServiceMethods.watchOrder.path, in: watch)
    #expect(key != nil)
    #expect(key == keys.key(of: DashboardServiceMethods.getOrderTimeline.path, in: timeline))
  }

  @Test("every method of a service has a key or is known to have none")
  func complete() {
    let client = RPCClient(
      TCPClient(
        host: "127.0.0.1", port: 1, configuration: ClientConfiguration(),
        group: MultiThreadedEventLoopGroup.singleton))
    var router = Router(authorize: Router.denyAll)
    router.register(OrderServiceClient(client))
    router.register(PaymentServiceClient(client))
    router.register(StoreServiceClient(client))
    router.register(DeliveryServiceClient(client))
    router.register(DashboardServiceClient(client))
    let known = Set(CallKeys.fields.keys).union(CallKeys.unkeyed)
    #expect(Set(router.methods) == known)
    #expect(CallKeys.unkeyed.isDisjoint(with: CallKeys.fields.keys))
  }
}
