import Domain
import Journal
import Messages
import Testing
import Views

@testable import Services

@Suite("What events mean for the dashboard")
struct DashboardFoldTests {
  private func event(_ category: String, _ type: String, _ payload: [UInt8] = []) -> RecordedEvent {
    RecordedEvent(
      partition: 0, position: 1, stream: StreamKey(category: category, id: "o1"), version: 1,
      id: EventID("e"), type: type, payload: payload,
      metadata: EventMetadata(correlationID: "o1", causationID: ""),
      recordedAt: WallTime(milliseconds: 5))
  }

  @Test("every event of an order's course that the schema knows can be read")
  func complete() throws {
    let events: [(String, [any Message.Type])] = [
      ("order", MessageRegistry.allTypes.filter { isEvent($0, "order.v1.Order") }),
      ("payment", MessageRegistry.allTypes.filter { isEvent($0, "payment.v1.Payment") }),
      ("ticket", MessageRegistry.allTypes.filter { isEvent($0, "store.v1.Ticket") }),
      ("delivery", MessageRegistry.allTypes.filter { isEvent($0, "delivery.v1.Delivery") }),
    ]
    for (category, types) in events {
      #expect(types.count > 9)
      for type in types {
        let change = try #require(DashboardFold.change(for: event(category, type.fullName)))
        guard case .effect = change.meaning else {
          Issue.record("\(type.fullName): \(change.meaning)")
          continue
        }
      }
    }
  }

  /// A message whose name begins so and ends in what happened, rather than in a question, an
  /// answer or a thing.
  private func isEvent(_ type: any Message.Type, _ prefix: String) -> Bool {
    let name = type.fullName
    guard name.hasPrefix("baedal.\(prefix)"), !name.hasSuffix("Request"),
      !name.hasSuffix("Response")
    else { return false }
    let rest = name.dropFirst("baedal.\(prefix)".count)
    return !rest.isEmpty && !["Line", "Lines", "Offer"].contains(rest)
  }

  @Test(
    "an order's state is what its own state machine says",
    arguments: OrderEventKind.allCases)
  func stages(_ kind: OrderEventKind) throws {
    let change = try #require(
      DashboardFold.change(for: event("order", "baedal.order.v1.\(kind.rawValue)")))
    guard case .effect(let effect) = change.meaning else {
      Issue.record("\(kind): \(change.meaning)")
      return
    }
    let expected: OrderPhase? =
      switch kind {
      case .submitted, .paymentRequested: .pendingPayment
      case .receivedByStore, .refundOffered, .refundAccepted, .refundDeclined: nil
      case .placed: .placed
      case .parked: .awaitingPayment
      case .paymentUnknown: .paymentUnknown
      case .accepted, .cancelDeclined: .accepted
      case .cookingStarted: .cooking
      case .cookingFinished: .ready
      case .deliveryStarted: .deliveryStarted
      case .pickedUp: .pickedUp
      case .delivered: .delivered
      case .cancelRequested: .cancelRequested
      case .rejected: .rejected
      case .cancelled: .cancelled
      case .expired: .expired
      }
    #expect(effect.stage?.isTerminal == expected?.isTerminal)
    let name = effect.stage.map { Messages.OrderState(rawValue: $0.code).protoName }
    let camel = name.map { camelCase($0.dropFirst("ORDER_STATE_".count)) }
    #expect(camel == expected?.rawValue)
  }

  private func camelCase(_ text: some StringProtocol) -> String {
    text.split(separator: "_").enumerated().map { at, word in
      at == 0 ? word.lowercased() : word.prefix(1) + word.dropFirst().lowercased()
    }.joined()
  }

  @Test("menus and riders are no part of an order's course")
  func ignores() {
    #expect(DashboardFold.change(for: event("store", StoreRegistered.fullName)) == nil)
    #expect(DashboardFold.change(for: event("rider", RiderRegistered.fullName)) == nil)
  }

  @Test("what cannot be read is said, never left out", arguments: ["unknown", "damaged"])
  func unreadable(_ what: String) throws {
    let change = try #require(
      DashboardFold.change(
        for: what == "unknown"
          ? event("order", "baedal.order.v1.OrderTeleported")
          : event("order", OrderPlaced.fullName, [0xff, 0xff])))
    guard case .unreadable = change.meaning else {
      Issue.record("\(change)")
      return
    }
  }

  @Test("amounts are written as people write them")
  func amounts() {
    #expect(DashboardFold.won(0) == "0 won")
    #expect(DashboardFold.won(999) == "999 won")
    #expect(DashboardFold.won(18_000) == "18,000 won")
    #expect(DashboardFold.won(1_234_567) == "1,234,567 won")
    #expect(DashboardFold.won(-1_000) == "-1,000 won")
  }

  @Test("a page's cursor comes back as it was, and nothing else is taken for one")
  func cursors() {
    let place = OrderPlace(placedAt: WallTime(milliseconds: 12), orderID: "o|주문")
    let cursor = DashboardCursor(.customer, place)
    #expect(DashboardCursor(text: cursor.text) == cursor)
    for text in ["x", "zz", "63", "637c7c", String(repeating: "6", count: 2000)] {
      #expect(DashboardCursor(text: text) == nil)
    }
  }
}
