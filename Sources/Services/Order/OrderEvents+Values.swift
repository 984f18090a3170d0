import Domain
import Journal
import Messages

extension OrderSubmitted {
  init(_ draft: OrderDraft) {
    self.init(
      orderID: draft.id.rawValue, customerID: draft.customer.rawValue,
      storeID: draft.store.rawValue, lines: draft.lines.map(Messages.OrderLine.init),
      totalWon: draft.total.amount, deliveryAddress: draft.deliveryAddress,
      area: draft.area.name, paymentMethod: draft.paymentMethod?.rawValue ?? "",
      fingerprint: draft.fingerprint.rawValue, menuVersion: draft.menuVersion,
      allowParking: draft.allowParking, expiresAtMs: draft.expiresAt.ms)
  }

  func stored() throws(EventCodecError) -> OrderDraft {
    let lines = try lines.stored()
    let total = try EventMapping.won(totalWon)
    let method = try EventMapping.method(paymentMethod)
    return try EventMapping.checked { () throws(Rejection) in
      OrderDraft(
        id: try OrderID(orderID), customer: try CustomerID(customerID),
        store: try StoreID(storeID), lines: lines, total: total,
        deliveryAddress: deliveryAddress, area: try Area(area),
        paymentMethod: method,
        fingerprint: try Fingerprint(fingerprint), menuVersion: menuVersion,
        allowParking: allowParking, expiresAt: Timestamp(ms: expiresAtMs))
    }
  }
}

extension OrderRefundOffered {
  init(_ offer: Domain.RefundOffer) {
    self.init(
      number: UInt32(clamping: offer.number), items: offer.items.map(Messages.OfferedItem.init),
      amountWon: offer.amount.amount, reason: offer.reason)
  }

  func stored() throws(EventCodecError) -> Domain.RefundOffer {
    Domain.RefundOffer(
      number: Int(number), items: try items.stored(), amount: try EventMapping.won(amountWon),
      reason: reason)
  }
}

extension OrderRejected {
  init(_ reason: OrderRejectReason) {
    switch reason {
    case .paymentDeclined(let text): self.init(reason: .paymentDeclined, text: text)
    case .storeRefused(let text): self.init(reason: .storeRefused, text: text)
    case .storeSilent: self.init(reason: .storeSilent)
    }
  }

  func stored() throws(EventCodecError) -> OrderRejectReason {
    switch reason {
    case .paymentDeclined: .paymentDeclined(text)
    case .storeRefused: .storeRefused(text)
    case .storeSilent: .storeSilent
    case .unspecified, .unrecognized:
      throw .malformed("rejected for an unknown reason: \(reason.rawValue)")
    }
  }
}

extension ExpiryReason {
  init(_ reason: OrderExpiryReason) {
    switch reason {
    case .notPaid: self = .notPaid
    case .paymentUnknown: self = .paymentUnknown
    case .paymentUnavailable: self = .paymentUnavailable
    }
  }
}

extension OrderExpired {
  func stored() throws(EventCodecError) -> OrderExpiryReason {
    switch reason {
    case .notPaid: .notPaid
    case .paymentUnknown: .paymentUnknown
    case .paymentUnavailable: .paymentUnavailable
    case .unspecified, .unrecognized:
      throw .malformed("expired for an unknown reason: \(reason.rawValue)")
    }
  }
}
