import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("What a running node refuses")
  struct RefusalTests {
    @Test("a price that changed, naming the new one; the customer who sees it may order")
    func priceChanged() async throws {
      try await withTown { town in
        try await town.put(MenuItem(itemID: "cola", name: "콜라 1.25L", priceWon: 2_800))
        var request = Town.request("price 0")
        var tries = 0
        let changed = try await eventually("refusal of the old price") { () -> PriceChanged? in
          // Until the menu has come over, the old price is the right one.
          tries += 1
          request.idempotencyKey = "price \(tries)"
          do throws(RPCError) { _ = try await town.place(request) } catch {
            #expect(error.code == .failedPrecondition)
            return error.detail(PriceChanged.self)
          }
          return nil
        }
        #expect(
          changed.changes == [PriceChange(itemID: "cola", seenWon: 2_500, currentWon: 2_800)])
        request.lines[1].seenUnitPriceWon = 2_800
        #expect(try await town.place(request).totalWon == 24_600)
      }
    }

    @Test("what is sold out, until it is there again")
    func soldOut() async throws {
      try await withTown { town in
        try await town.setSoldOut("cola", true)
        try await until("refusal of what is sold out") {
          await town.rule(of: Town.request("sold out \(UInt64.random(in: 0...(.max)))"))
            == "soldOut"
        }
        try await town.setSoldOut("cola", false)
        try await until("order for what is there again") {
          await town.rule(of: Town.request("there again")) == nil
        }
      }
    }

    @Test("too small an order, another area, no such item, no lines")
    func menuRules() async throws {
      try await withTown { town in
        var small = Town.request("small")
        small.lines = [CartLine(itemID: "cola", quantity: 1)]
        #expect(await town.rule(of: small) == "belowMinimum")
        var far = Town.request("far")
        far.area = "제주"
        #expect(await town.rule(of: far) == "areaNotServed")
        var unknown = Town.request("unknown")
        unknown.lines = [CartLine(itemID: "pizza", quantity: 1)]
        #expect(await town.rule(of: unknown) != nil)
        var empty = Town.request("empty")
        empty.lines = []
        #expect(await town.rule(of: empty) != nil)
      }
    }

    @Test("the same key with another body; with the same body it gives the original order")
    func idempotency() async throws {
      try await withTown { town in
        let first = try await town.placed("twice")
        var again = try await town.placed("twice")
        // Meanwhile the store may have received it: the order is the same, one event further.
        again.version = first.version
        #expect(again == first)
        var other = Town.request("twice")
        other.deliveryAddress = "다른 곳"
        await expect(code: .alreadyExists) { _ = try await town.place(other) }
        #expect(try await town.payment(of: first.orderID).capturedWon == Town.total)
        try await town.acceptAndConfirm(first.orderID)
        // Also when the order has gone on since.
        let later = try await town.place(Town.request("twice"))
        #expect(later.orderID == first.orderID)
        #expect(later.state == .accepted)
      }
    }

    @Test("twenty retries at once of one order make one order and one capture")
    func concurrentRetries() async throws {
      try await withTown(connections: 4) { town in
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
          for _ in 0..<20 {
            group.addTask { try await town.place(Town.request("at once")).orderID }
          }
          return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        let id = try #require(ids.first)
        #expect(ids.count == 1)
        try await town.order(id, reaches: .placed)
        #expect(try await town.payment(of: id).capturedWon == Town.total)
        #expect(try await town.audit().violations == [])
      }
    }

    @Test("everybody whose order it is not, in every role")
    func notYours() async throws {
      try await withTown { town in
        let id = try await town.placed("mine").orderID
        try await town.ticket(of: id, reaches: .received)
        let others = [
          Person("customer", "c-2", of: town.port), Person("store", "store-2", of: town.port),
          Person("rider", "rider-2", of: town.port),
        ]
        for other in others {
          let isCustomer = other.principal.role == "customer"
          let isStore = other.principal.role == "store"
          await expect(code: .notFound) {
            _ = try await other.call(OrderServiceMethods.getOrder, GetOrderRequest(orderID: id))
          }
          await expect(code: isCustomer ? .notFound : .permissionDenied) {
            _ = try await other.call(
              OrderServiceMethods.cancelOrder, CancelOrderRequest(orderID: id))
          }
          await expect(code: isStore ? .notFound : .permissionDenied) {
            _ = try await other.call(
              StoreServiceMethods.acceptTicket, AcceptTicketRequest(orderID: id, etaMinutes: 1))
          }
          await expect(code: .permissionDenied) {
            _ = try await other.call(AdminServiceMethods.audit, AuditRequest())
          }
          await other.close()
        }
        let nobody = Person("", "", of: town.port)
        await expect(code: .unauthenticated) {
          _ = try await nobody.call(OrderServiceMethods.getOrder, GetOrderRequest(orderID: id))
        }
        _ = try await nobody.call(HealthServiceMethods.check, HealthCheckRequest())
        await nobody.close()
        var forged = Town.request("forged")
        forged.customerID = "c-2"
        await expect(code: .permissionDenied) { _ = try await town.place(forged) }
        #expect(try await town.order(id).state == .placed)
      }
    }
  }
}

extension Town {
  fileprivate func setSoldOut(_ item: String, _ soldOut: Bool) async throws {
    _ = try await owner.call(
      StoreServiceMethods.setSoldOut,
      SetSoldOutRequest(storeID: Self.store, itemID: item, soldOut: soldOut))
  }

  /// The rule that refuses this order; nil when it is taken.
  fileprivate func rule(of request: PlaceOrderRequest) async -> String? {
    do throws(RPCError) {
      _ = try await place(request)
      return nil
    } catch { return error.rule }
  }
}
