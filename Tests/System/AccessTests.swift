import Credentials
import Domain
import Foundation
import Messages
import Node
import Testing
import Transport

extension SystemTests {
  @Suite("Who may call what, over a running node")
  struct AccessTests {
    @Test("every method lets in the roles of its rule, and no others")
    func roles() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let roles = Role.allCases.map { $0.rawValue }
      for role in roles + ["", "king"] {
        let caller = Person(role, role.isEmpty ? "" : "\(role)-9", of: node.port)
        for rule in MethodRules.table {
          let error = await failure(of: rule.method, [], by: caller)
          #expect(error?.code != .unimplemented, "\(rule.method) is served by nobody")
          let isStopped =
            error?.code == .unauthenticated
            || error?.message.contains("is not for the role") == true
            || error?.message.contains("there is no role") == true
          #expect(
            isStopped == !rule.admits(Role(rawValue: role)),
            "\(rule.method) by '\(role)': \(error.map { "\($0)" } ?? "ok")")
        }
        await caller.close()
      }
    }

    @Test("what is somebody else's cannot be reached by any method, in any role")
    func ownership() async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      let id = try await town.placed("mine").orderID
      try await town.ticket(of: id, reaches: .received)
      try await town.acceptAndConfirm(id)
      let claim = DeliveryRequest(orderID: id, riderID: Town.riderID)
      try await until("delivery that the rider has claimed") {
        let delivery = try await town.rider.call(DeliveryServiceMethods.claimDelivery, claim)
        return delivery.delivery?.riderID == Town.riderID
      }
      for role in [Role.customer, .store, .rider] {
        let stranger = Person(role.rawValue, "\(role.rawValue)-2", of: node.port)
        for rule in MethodRules.table where rule.admits(role) && rule.ownership != .nobody {
          let payload = try Self.payload(of: rule, order: id, by: stranger.principal.id)
          let error = await failure(of: rule.method, payload, by: stranger)
          #expect(
            error?.code == .notFound || error?.code == .permissionDenied,
            "\(rule.method) by \(role): \(error.map { "\($0)" } ?? "ok")")
          #expect(error?.message.contains("c-1") != true)
        }
        await stranger.close()
      }
      #expect(try await town.order(id).state == .accepted)
      await town.close()
    }

    /// A request that reaches for what belongs to the town's people.
    private static func payload(
      of rule: MethodRule, order id: String, by caller: String
    ) throws -> [UInt8] {
      let store = Town.store
      let details = StoreDetails(storeID: store, name: "남의 가게", areas: [Town.area])
      switch rule.method {
      case OrderServiceMethods.placeOrder.path: return try Town.request("forged").serialized()
      case StoreServiceMethods.registerStore.path:
        return try RegisterStoreRequest(details: details).serialized()
      case StoreServiceMethods.changeStore.path:
        return try ChangeStoreRequest(details: details).serialized()
      case StoreServiceMethods.putMenuItem.path:
        return try PutMenuItemRequest(storeID: store, item: Town.menu[0]).serialized()
      case StoreServiceMethods.removeMenuItem.path:
        return try RemoveMenuItemRequest(storeID: store, itemID: "cola").serialized()
      case StoreServiceMethods.setSoldOut.path:
        return try SetSoldOutRequest(storeID: store, itemID: "cola").serialized()
      case StoreServiceMethods.pauseStore.path, StoreServiceMethods.resumeStore.path,
        DashboardServiceMethods.getStoreBoard.path:
        return try PauseStoreRequest(storeID: store).serialized()
      case DeliveryServiceMethods.registerRider.path:
        let profile = RiderProfile(riderID: Town.riderID, name: "남", areas: [Town.area])
        return try RegisterRiderRequest(profile: profile).serialized()
      case let method where method.hasPrefix(DeliveryServiceMethods.serviceName):
        return rule.ownership == .own([1])
          ? try RiderRequest(riderID: Town.riderID).serialized()
          : try DeliveryRequest(orderID: id, riderID: caller).serialized()
      case DashboardServiceMethods.listCustomerOrders.path:
        return try ListCustomerOrdersRequest(customerID: "c-1").serialized()
      case StoreServiceMethods.acceptTicket.path:
        return try AcceptTicketRequest(orderID: id, etaMinutes: 10).serialized()
      case StoreServiceMethods.offerRefund.path:
        let item = OfferedItem(itemID: "cola", quantity: 1)
        return try OfferRefundRequest(orderID: id, items: [item], reason: "없음").serialized()
      case OrderServiceMethods.answerOffer.path:
        return try AnswerOfferRequest(orderID: id, number: 1).serialized()
      default: return try GetOrderRequest(orderID: id).serialized()
      }
    }

    private func failure(
      of method: String, _ payload: [UInt8], by caller: Person
    ) async -> RPCError? {
      do throws(RPCError) {
        if MessageRegistry.method(path: method)?.isServerStreaming == true {
          _ = try await caller.first(method, payload: payload)
        } else {
          _ = try await caller.call(method, payload: payload)
        }
        return nil
      } catch { return error }
    }
  }
}
