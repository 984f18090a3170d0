package import Domain
package import Journal
import Messages

/// An order's events as the messages of `proto/baedal/order/v1/events.proto`, and back.
package struct OrderEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: OrderEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .submitted(let draft): try EventMapping.encode(OrderSubmitted(draft))
    case .paymentRequested(let attempt, let method):
      try EventMapping.encode(
        OrderPaymentRequested(
          attempt: UInt32(clamping: attempt), paymentMethod: method?.rawValue ?? ""))
    case .placed(let key, let amount, let store, let lines):
      try EventMapping.encode(
        OrderPlaced(
          paymentKey: key.rawValue, amountWon: amount.amount, storeID: store.rawValue,
          lines: lines.map(Messages.OrderLine.init)))
    case .parked(let reason, let until):
      try EventMapping.encode(OrderParked(reason: reason, untilMs: until.ms))
    case .paymentUnknown(let until):
      try EventMapping.encode(OrderPaymentUnknown(untilMs: until.ms))
    case .receivedByStore(let moment):
      try EventMapping.encode(OrderReceivedByStore(atMs: moment.ms))
    case .accepted(let minutes, let store, let area, let address):
      try EventMapping.encode(
        OrderAccepted(
          etaMinutes: UInt32(clamping: minutes), storeID: store.rawValue, area: area.name,
          deliveryAddress: address))
    case .rejected(let reason): try EventMapping.encode(OrderRejected(reason))
    case .cookingStarted: try EventMapping.encode(OrderCookingStarted())
    case .cookingFinished: try EventMapping.encode(OrderCookingFinished())
    case .deliveryStarted(let rider):
      try EventMapping.encode(OrderDeliveryStarted(riderID: rider.rawValue))
    case .pickedUp(let rider): try EventMapping.encode(OrderPickedUp(riderID: rider.rawValue))
    case .delivered(let rider): try EventMapping.encode(OrderDelivered(riderID: rider.rawValue))
    case .refundOffered(let offer): try EventMapping.encode(OrderRefundOffered(offer))
    case .refundAccepted(let number, let amount, let reason):
      try EventMapping.encode(
        OrderRefundAccepted(
          number: UInt32(clamping: number), amountWon: amount.amount, reason: reason))
    case .refundDeclined(let number):
      try EventMapping.encode(OrderRefundDeclined(number: UInt32(clamping: number)))
    case .cancelRequested(let reason):
      try EventMapping.encode(OrderCancelRequested(reason: reason))
    case .cancelDeclined: try EventMapping.encode(OrderCancelDeclined())
    case .cancelled(let role, let reason):
      try EventMapping.encode(OrderCancelled(byRole: role.rawValue, reason: reason))
    case .expired(let reason): try EventMapping.encode(OrderExpired(reason: .init(reason)))
    }
  }

  package func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> OrderEvent {
    switch type {
    case OrderSubmitted.fullName:
      return .submitted(try EventMapping.decode(OrderSubmitted.self, payload).stored())
    case OrderPaymentRequested.fullName:
      let body: OrderPaymentRequested = try EventMapping.decode(payload)
      return .paymentRequested(
        attempt: Int(body.attempt), method: try EventMapping.method(body.paymentMethod))
    case OrderPlaced.fullName: return try placed(EventMapping.decode(payload))
    case OrderParked.fullName:
      let body: OrderParked = try EventMapping.decode(payload)
      return .parked(reason: body.reason, until: Timestamp(ms: body.untilMs))
    case OrderPaymentUnknown.fullName:
      let body: OrderPaymentUnknown = try EventMapping.decode(payload)
      return .paymentUnknown(until: Timestamp(ms: body.untilMs))
    case OrderRejected.fullName:
      return .rejected(try EventMapping.decode(OrderRejected.self, payload).stored())
    case OrderCancelled.fullName:
      let body: OrderCancelled = try EventMapping.decode(payload)
      guard let role = Role(rawValue: body.byRole) else {
        throw .malformed("cancelled by an unknown role: \(body.byRole)")
      }
      return .cancelled(by: role, reason: body.reason)
    case OrderExpired.fullName:
      return .expired(try EventMapping.decode(OrderExpired.self, payload).stored())
    default: return try decodeStep(type, payload)
    }
  }

  private func decodeStep(
    _ type: String, _ payload: [UInt8]
  ) throws(EventCodecError) -> OrderEvent {
    switch type {
    case OrderReceivedByStore.fullName:
      let body: OrderReceivedByStore = try EventMapping.decode(payload)
      return .receivedByStore(at: Timestamp(ms: body.atMs))
    case OrderAccepted.fullName: return try accepted(EventMapping.decode(payload))
    case OrderCookingStarted.fullName: return .cookingStarted
    case OrderCookingFinished.fullName: return .cookingFinished
    case OrderDeliveryStarted.fullName:
      return .deliveryStarted(
        rider: try rider(EventMapping.decode(OrderDeliveryStarted.self, payload).riderID))
    case OrderPickedUp.fullName:
      return .pickedUp(rider: try rider(EventMapping.decode(OrderPickedUp.self, payload).riderID))
    case OrderDelivered.fullName:
      return .delivered(
        rider: try rider(EventMapping.decode(OrderDelivered.self, payload).riderID))
    case OrderCancelRequested.fullName:
      let body: OrderCancelRequested = try EventMapping.decode(payload)
      return .cancelRequested(reason: body.reason)
    case OrderCancelDeclined.fullName: return .cancelDeclined
    default: return try decodeOffer(type, payload)
    }
  }

  private func decodeOffer(
    _ type: String, _ payload: [UInt8]
  ) throws(EventCodecError) -> OrderEvent {
    switch type {
    case OrderRefundOffered.fullName:
      return .refundOffered(try EventMapping.decode(OrderRefundOffered.self, payload).stored())
    case OrderRefundAccepted.fullName:
      let body: OrderRefundAccepted = try EventMapping.decode(payload)
      return .refundAccepted(
        number: Int(body.number), amount: try EventMapping.won(body.amountWon),
        reason: body.reason)
    case OrderRefundDeclined.fullName:
      let body: OrderRefundDeclined = try EventMapping.decode(payload)
      return .refundDeclined(number: Int(body.number))
    default: throw .unknownType(type)
    }
  }

  private func placed(_ body: OrderPlaced) throws(EventCodecError) -> OrderEvent {
    let (key, store) = try EventMapping.checked { () throws(Rejection) in
      (try PaymentKey(body.paymentKey), try StoreID(body.storeID))
    }
    return .placed(
      paymentKey: key, amount: try EventMapping.won(body.amountWon), store: store,
      lines: try body.lines.stored())
  }

  private func accepted(_ body: OrderAccepted) throws(EventCodecError) -> OrderEvent {
    let (store, area) = try EventMapping.checked { () throws(Rejection) in
      (try StoreID(body.storeID), try Area(body.area))
    }
    return .accepted(
      etaMinutes: Int(body.etaMinutes), store: store, area: area, address: body.deliveryAddress)
  }

  private func rider(_ text: String) throws(EventCodecError) -> RiderID {
    try EventMapping.checked { () throws(Rejection) in try RiderID(text) }
  }
}
