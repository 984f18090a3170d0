import Domain
import Foundation
import Services

/// One request to the provider.
struct ProviderCall: Sendable {
  /// From the API's address on.
  let path: String
  /// JSON; nil asks instead of telling.
  let body: [UInt8]?
  /// The same for the same thing, so that the provider does it once.
  let idempotencyKey: String

  private init(path: String, body: [UInt8]? = nil, idempotencyKey: String = "") {
    self.path = path
    self.body = body
    self.idempotencyKey = idempotencyKey
  }

  /// Captures. Another attempt is another key: an attempt that is known not to have charged would
  /// only get its old answer again. What keeps two attempts from charging twice is the order id.
  static func charge(_ charge: ProviderCharge, with token: ChargeToken) -> ProviderCall {
    let order = ProviderOrderID(charge.key).text
    let key = Digest.name(of: "charge", charge.key.rawValue, String(charge.attempt))
    switch token {
    case .once(let paymentKey):
      return ProviderCall(
        path: "/v1/payments/confirm",
        body: json(
          ConfirmBody(paymentKey: paymentKey, orderId: order, amount: charge.amount.amount)),
        idempotencyKey: key)
    case .billing(let customerKey, let billingKey):
      return ProviderCall(
        path: "/v1/billing/\(segment(billingKey))",
        body: json(
          BillingBody(
            customerKey: customerKey, orderId: order, orderName: "배달 주문 \(order)",
            amount: charge.amount.amount)),
        idempotencyKey: key)
    }
  }

  /// What the provider has under this key.
  static func find(_ key: PaymentKey) -> ProviderCall {
    ProviderCall(path: "/v1/payments/orders/\(segment(ProviderOrderID(key).text))")
  }

  /// Gives a part back, if `refundable` is what is left by then.
  /// - Parameter refusals: how often the provider refused this refund; its refusals are kept under
  ///   their keys.
  static func cancel(
    _ refund: ProviderRefund, paymentKey: String, refundable: Int64, refusals: Int
  ) -> ProviderCall {
    ProviderCall(
      path: "/v1/payments/\(segment(paymentKey))/cancel",
      body: json(
        CancelBody(
          cancelReason: refund.mark, cancelAmount: refund.amount.amount,
          refundableAmount: refundable)),
      idempotencyKey: Digest.name(
        of: "refund", refund.payment.rawValue, refund.key.rawValue, String(refusals)))
  }

  private static func json(_ body: some Encodable) -> [UInt8] {
    // Texts and numbers: these cannot fail to encode.
    (try? JSONEncoder().encode(body)).map { Array($0) } ?? []
  }

  private static func segment(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}

private struct ConfirmBody: Encodable {
  let paymentKey: String
  let orderId: String
  let amount: Int64
}

private struct BillingBody: Encodable {
  let customerKey: String
  let orderId: String
  let orderName: String
  let amount: Int64
}

private struct CancelBody: Encodable {
  let cancelReason: String
  let cancelAmount: Int64
  let refundableAmount: Int64
}

extension ProviderRefund {
  /// What the provider keeps with the refund, by which it is recognised.
  var mark: String { "baedal refund \(key)" }
}
