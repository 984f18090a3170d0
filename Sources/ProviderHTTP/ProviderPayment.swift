import Domain
import Foundation
import Services

/// A payment as the provider tells it: the fields that matter here.
struct ProviderPayment: Decodable, Sendable {
  struct Cancel: Decodable, Sendable {
    let cancelAmount: Int64
    let cancelReason: String?
    let transactionKey: String?
  }

  let paymentKey: String
  let orderId: String
  let status: String
  let totalAmount: Int64
  let balanceAmount: Int64?
  let currency: String?
  let cancels: [Cancel]?

  /// Nil unless the answer tells of the payment under this key, in won.
  init?(_ answer: Answer, of key: PaymentKey) {
    guard answer.isSuccess,
      let payment = try? JSONDecoder().decode(Self.self, from: Data(answer.body)),
      payment.orderId == ProviderOrderID(key).text, payment.currency ?? "KRW" == "KRW"
    else { return nil }
    self = payment
  }

  /// The capture in our terms; nil when it cannot be written down.
  var reference: ProviderReference? { ProviderText.reference(paymentKey) }
  var total: Won? { try? Won(totalAmount) }
  var balance: Won? { balanceAmount.flatMap { try? Won($0) } }

  /// What the provider calls this refund; nil when it has not done it.
  func reference(of refund: ProviderRefund) -> ProviderReference? {
    let done = cancels?.first {
      $0.cancelReason == refund.mark && $0.cancelAmount == refund.amount.amount
    }
    guard let done else { return nil }
    return done.transactionKey.flatMap { ProviderText.reference($0) }
      ?? ProviderReference(
        validated: "refund-" + Digest.name(of: refund.payment.rawValue, refund.key.rawValue))
  }
}

/// What the provider says when it does not do something.
struct ProviderRefusal: Decodable, Sendable {
  private static let codeBytesMax = 64
  private static let messageCharactersMax = 120

  let code: String
  let message: String?

  /// Nil unless the answer is a refusal that names its code.
  init?(_ answer: Answer) {
    guard !answer.isSuccess,
      let refusal = try? JSONDecoder().decode(Self.self, from: Data(answer.body)),
      (1...Self.codeBytesMax).contains(refusal.code.utf8.count),
      refusal.code.utf8.allSatisfy({ Self.codeCharacters.contains($0) })
    else { return nil }
    self = refusal
  }

  /// For people: what the provider says, without the secret should it be in there.
  func reason(without credential: ProviderCredential) -> String {
    let text = (message ?? "").unicodeScalars.filter { scalar in
      scalar.properties.generalCategory != .control
        && (scalar == " " || !scalar.properties.isWhitespace)
    }
    let said = credential.redacting(String(String.UnicodeScalarView(text)))
    return said.isEmpty ? code : "\(said.prefix(Self.messageCharactersMax)) (\(code))"
  }

  private static let codeCharacters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".utf8)
}
