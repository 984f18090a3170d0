import Domain
import Journal
import Testing

@testable import Services

@Suite("Events as they are stored")
struct EventCodecTests {
  private static let item = MenuItemID(validated: "kimbap")
  private static let method = PaymentMethod(validated: "card:2")

  @Test("every order event is read back as it was written")
  func orders() throws {
    let draft = try StoreWorld.draft(OrderID(validated: "o1"))
    let rider = RiderID(validated: "r1")
    let until = Timestamp(ms: 7)
    let offer = RefundOffer(
      number: 3, items: [OfferedItem(item: Self.item, quantity: 1)], amount: try Won(4_500),
      reason: "sold out")
    let events: [OrderEvent] = [
      .submitted(draft), .paymentRequested(attempt: 2, method: nil),
      .paymentRequested(attempt: 2, method: Self.method), try StoreWorld.placed(draft.id),
      .parked(reason: "busy", until: until), .paymentUnknown(until: until),
      .receivedByStore(at: until), try StoreWorld.accepted(),
      .rejected(.paymentDeclined("no cover")), .rejected(.storeRefused("no rice")),
      .rejected(.storeSilent), .cookingStarted, .cookingFinished, .deliveryStarted(rider: rider),
      .pickedUp(rider: rider), .delivered(rider: rider), .refundOffered(offer),
      .refundAccepted(number: 3, amount: offer.amount, reason: "sold out"),
      .refundDeclined(number: 3), .cancelRequested(reason: "x"), .cancelDeclined,
      .cancelled(by: .customer, reason: "x"), .expired(.notPaid), .expired(.paymentUnknown),
      .expired(.paymentUnavailable),
    ]
    #expect(Set(events.map(\.kind)) == Set(OrderEventKind.allCases))
    let codec = OrderEventCodec()
    for event in events {
      let encoded = try codec.encode(event)
      #expect(encoded.type == "baedal.order.v1.\(event.kind.rawValue)")
      #expect(try codec.decode(type: encoded.type, payload: encoded.payload) == event)
    }
  }

  @Test("every payment event is read back as it was written")
  func payments() throws {
    let order = OrderID(validated: "o1")
    let (amount, key) = (try Won(4_500), RefundKey.offer(1))
    let reference = ProviderReference(validated: "p1")
    let events: [PaymentEvent] = [
      .requested(
        PaymentRequest(
          key: PaymentKey(order), order: order, customer: CustomerID(validated: "c"),
          store: StoreWorld.storeID, amount: amount, method: Self.method)),
      .attempted(attempt: 1, method: nil), .attempted(attempt: 2, method: Self.method),
      .approved(attempt: 2, reference: reference, amount: amount),
      .declined(attempt: 1, reason: "no"), .notCharged(attempt: 1, reason: "busy"),
      .unknown(attempt: 1, reason: "timeout"), .voided(reason: "cancelled"),
      .refundRequested(key: key, amount: amount, reason: "sold out", bearer: .store),
      .refundRequested(key: .void, amount: amount, reason: "x", bearer: .platform),
      .refunded(key: key, amount: amount, reference: reference),
      .refundFailed(key: key, reason: "down"), .settled(kept: amount),
    ]
    #expect(Set(events.map(\.kind)) == Set(PaymentEventKind.allCases))
    let codec = PaymentEventCodec()
    for event in events {
      let encoded = try codec.encode(event)
      #expect(try codec.decode(type: encoded.type, payload: encoded.payload) == event)
    }
  }
}
