import Messages
import Views

extension DashboardFold {
  /// The order's own events: they alone decide its state.
  static var orderReaders: [String: Reader] {
    Dictionary(
      uniqueKeysWithValues: beforeTheStore + atTheStore + onTheRoad + endings)
  }

  private static var beforeTheStore: [(String, Reader)] {
    [
      on(OrderSubmitted.self) { event, effect in
        effect.basics = OrderBasics(
          customerID: event.customerID, storeID: event.storeID, totalWon: event.totalWon,
          lines: DashboardLines.encode(event.lines))
        effect.stage = OrderState.pendingPayment.stage
        let count = event.lines.reduce(0) { $0 &+ Int($1.quantity) }
        effect.detail = "\(count) item\(count == 1 ? "" : "s"), \(won(event.totalWon))"
      },
      on(OrderPaymentRequested.self) { event, effect in
        effect.stage = OrderState.pendingPayment.stage
        effect.detail = "attempt \(event.attempt)"
      },
      on(OrderPlaced.self) { event, effect in
        effect.stage = OrderState.placed.stage
        effect.isPaid = true
        effect.detail = "paid \(won(event.amountWon))"
      },
      on(OrderParked.self) { event, effect in
        effect.stage = OrderState.awaitingPayment.stage
        effect.detail = event.reason
      },
      on(OrderPaymentUnknown.self) { _, effect in
        effect.stage = OrderState.paymentUnknown.stage
        effect.detail = "whether it was paid is being found out"
      },
    ]
  }

  private static var atTheStore: [(String, Reader)] {
    [
      on(OrderReceivedByStore.self) { _, _ in },
      on(OrderAccepted.self) { event, effect in
        effect.stage = OrderState.accepted.stage
        effect.detail = "about \(event.etaMinutes) minutes"
      },
      on(OrderCookingStarted.self) { _, effect in effect.stage = OrderState.cooking.stage },
      on(OrderCookingFinished.self) { _, effect in effect.stage = OrderState.ready.stage },
      on(OrderCancelRequested.self) { event, effect in
        effect.stage = OrderState.cancelRequested.stage
        effect.detail = event.reason
      },
      on(OrderCancelDeclined.self) { _, effect in effect.stage = OrderState.accepted.stage },
      on(OrderRefundOffered.self) { event, effect in
        effect.detail = "offer \(event.number): \(won(event.amountWon)) back, \(event.reason)"
      },
      on(OrderRefundAccepted.self) { event, effect in
        effect.detail = "offer \(event.number): \(won(event.amountWon)) back"
      },
      on(OrderRefundDeclined.self) { event, effect in effect.detail = "offer \(event.number)" },
    ]
  }

  private static var onTheRoad: [(String, Reader)] {
    [
      on(OrderDeliveryStarted.self) { event, effect in
        effect.stage = OrderState.deliveryStarted.stage
        effect.orderRiderID = event.riderID
        effect.detail = "rider \(event.riderID)"
      },
      on(OrderPickedUp.self) { event, effect in
        effect.stage = OrderState.pickedUp.stage
        effect.detail = "rider \(event.riderID)"
      },
    ]
  }

  private static var endings: [(String, Reader)] {
    [
      on(OrderDelivered.self) { event, effect in
        effect.stage = OrderState.delivered.stage
        effect.detail = "rider \(event.riderID)"
      },
      on(OrderRejected.self) { event, effect in
        effect.stage = OrderState.rejected.stage
        let reason =
          switch event.reason {
          case .paymentDeclined: "payment declined"
          case .storeRefused: "refused by the store"
          case .storeSilent: "the store did not answer"
          case .unspecified, .unrecognized: "rejected"
          }
        effect.detail = event.text.isEmpty ? reason : "\(reason): \(event.text)"
      },
      on(OrderCancelled.self) { event, effect in
        effect.stage = OrderState.cancelled.stage
        effect.detail = event.reason.isEmpty ? event.byRole : "\(event.byRole): \(event.reason)"
      },
      on(OrderExpired.self) { event, effect in
        effect.stage = OrderState.expired.stage
        effect.detail =
          switch event.reason {
          case .notPaid: "not paid in time"
          case .paymentUnknown: "the payment's outcome stayed unknown"
          case .paymentUnavailable: "could not be paid"
          case .unspecified, .unrecognized: "expired"
          }
      },
    ]
  }

  /// Such as `18,000 won`.
  static func won(_ amount: Int64) -> String {
    var digits = Array(String(amount.magnitude).utf8)
    var at = digits.count - 3
    while at > 0 {
      digits.insert(UInt8(ascii: ","), at: at)
      at -= 3
    }
    return "\(amount < 0 ? "-" : "")\(String(decoding: digits, as: UTF8.self)) won"
  }
}

/// The lines of an order as the view keeps them: a summary that has nothing but lines.
enum DashboardLines {
  static func encode(_ lines: [Messages.OrderLine]) -> [UInt8] {
    // What was just decoded within the codec's bounds can be encoded within them.
    (try? OrderSummary(lines: lines).serialized()) ?? []
  }

  static func decode(_ bytes: [UInt8]) -> [Messages.OrderLine] {
    (try? OrderSummary(serialized: bytes))?.lines ?? []
  }
}
