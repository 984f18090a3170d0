package import Domain
package import Journal
import Messages

/// A payment's events as the messages of `proto/baedal/payment/v1/events.proto`, and back.
package struct PaymentEventCodec: EventCodec {
  package init() {}

  package func encode(_ event: PaymentEvent) throws(EventCodecError) -> EncodedEvent {
    switch event {
    case .requested(let request): try EventMapping.encode(PaymentRequested(request))
    case .attempted(let attempt, let method):
      try EventMapping.encode(
        PaymentAttempted(
          attempt: UInt32(clamping: attempt), paymentMethod: method?.rawValue ?? ""))
    case .approved(let attempt, let reference, let amount):
      try EventMapping.encode(
        PaymentApproved(
          attempt: UInt32(clamping: attempt), providerReference: reference.rawValue,
          amountWon: amount.amount))
    case .declined(let attempt, let reason):
      try EventMapping.encode(PaymentDeclined(attempt: UInt32(clamping: attempt), reason: reason))
    case .notCharged(let attempt, let reason):
      try EventMapping.encode(
        PaymentNotCharged(attempt: UInt32(clamping: attempt), reason: reason))
    case .unknown(let attempt, let reason):
      try EventMapping.encode(
        Messages.PaymentUnknown(attempt: UInt32(clamping: attempt), reason: reason))
    case .voided(let reason): try EventMapping.encode(PaymentVoided(reason: reason))
    case .refundRequested(let key, let amount, let reason, let bearer):
      try EventMapping.encode(
        PaymentRefundRequested(
          refundKey: key.rawValue, amountWon: amount.amount, reason: reason,
          bearer: .init(bearer)))
    case .refunded(let key, let amount, let reference):
      try EventMapping.encode(
        PaymentRefunded(
          refundKey: key.rawValue, amountWon: amount.amount,
          providerReference: reference.rawValue))
    case .refundFailed(let key, let reason):
      try EventMapping.encode(PaymentRefundFailed(refundKey: key.rawValue, reason: reason))
    case .settled(let kept): try EventMapping.encode(PaymentSettled(keptWon: kept.amount))
    }
  }

  package func decode(type: String, payload: [UInt8]) throws(EventCodecError) -> PaymentEvent {
    switch type {
    case PaymentRequested.fullName:
      return .requested(try EventMapping.decode(PaymentRequested.self, payload).stored())
    case PaymentAttempted.fullName:
      let body: PaymentAttempted = try EventMapping.decode(payload)
      return .attempted(
        attempt: Int(body.attempt), method: try EventMapping.method(body.paymentMethod))
    case PaymentApproved.fullName:
      let body: PaymentApproved = try EventMapping.decode(payload)
      return .approved(
        attempt: Int(body.attempt), reference: try reference(body.providerReference),
        amount: try EventMapping.won(body.amountWon))
    case PaymentDeclined.fullName:
      let body: PaymentDeclined = try EventMapping.decode(payload)
      return .declined(attempt: Int(body.attempt), reason: body.reason)
    case PaymentNotCharged.fullName:
      let body: PaymentNotCharged = try EventMapping.decode(payload)
      return .notCharged(attempt: Int(body.attempt), reason: body.reason)
    case Messages.PaymentUnknown.fullName:
      let body: Messages.PaymentUnknown = try EventMapping.decode(payload)
      return .unknown(attempt: Int(body.attempt), reason: body.reason)
    case PaymentVoided.fullName:
      let body: PaymentVoided = try EventMapping.decode(payload)
      return .voided(reason: body.reason)
    case PaymentSettled.fullName:
      let body: PaymentSettled = try EventMapping.decode(payload)
      return .settled(kept: try EventMapping.won(body.keptWon))
    default: return try decodeRefund(type, payload)
    }
  }

  private func decodeRefund(
    _ type: String, _ payload: [UInt8]
  ) throws(EventCodecError) -> PaymentEvent {
    switch type {
    case PaymentRefundRequested.fullName:
      let body: PaymentRefundRequested = try EventMapping.decode(payload)
      return .refundRequested(
        key: try refundKey(body.refundKey), amount: try EventMapping.won(body.amountWon),
        reason: body.reason, bearer: body.bearer.stored)
    case PaymentRefunded.fullName:
      let body: PaymentRefunded = try EventMapping.decode(payload)
      return .refunded(
        key: try refundKey(body.refundKey), amount: try EventMapping.won(body.amountWon),
        reference: try reference(body.providerReference))
    case PaymentRefundFailed.fullName:
      let body: PaymentRefundFailed = try EventMapping.decode(payload)
      return .refundFailed(key: try refundKey(body.refundKey), reason: body.reason)
    default: throw .unknownType(type)
    }
  }

  private func refundKey(_ text: String) throws(EventCodecError) -> RefundKey {
    try EventMapping.checked { () throws(Rejection) in try RefundKey(text) }
  }

  private func reference(_ text: String) throws(EventCodecError) -> ProviderReference {
    try EventMapping.checked { () throws(Rejection) in try ProviderReference(text) }
  }
}

extension PaymentRequested {
  fileprivate init(_ request: PaymentRequest) {
    self.init(
      paymentKey: request.key.rawValue, orderID: request.order.rawValue,
      customerID: request.customer.rawValue, storeID: request.store.rawValue,
      amountWon: request.amount.amount, paymentMethod: request.method.rawValue)
  }

  fileprivate func stored() throws(EventCodecError) -> PaymentRequest {
    let amount = try EventMapping.won(amountWon)
    return try EventMapping.checked { () throws(Rejection) in
      PaymentRequest(
        key: try PaymentKey(paymentKey), order: try OrderID(orderID),
        customer: try CustomerID(customerID), store: try StoreID(storeID), amount: amount,
        method: try PaymentMethod(paymentMethod))
    }
  }
}

extension Messages.RefundBearer {
  init(_ bearer: Domain.RefundBearer) {
    switch bearer {
    case .store: self = .store
    case .platform: self = .platform
    }
  }

  /// Unless it says that the store pays, we do.
  var stored: Domain.RefundBearer { self == .store ? .store : .platform }
}
