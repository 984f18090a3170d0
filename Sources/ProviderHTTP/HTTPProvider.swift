import Domain
package import NIOCore
package import Services
package import Transport

/// A payment provider behind the REST API that Korean providers share: confirm, billing key,
/// look up by order id, cancel; <https://docs.tosspayments.com/reference>.
///
/// Nothing is called charged or not charged unless it is certain. The provider approves one payment
/// an order id, and our payment key is that id; so an attempt can always be asked about, and no
/// number of attempts charges twice.
package final class HTTPProvider: PaymentProvider {
  /// How long a caller is told to wait when the provider does not say.
  private static let retryAfter: Duration = .seconds(1)
  private static let retryAfterMending: Duration = .seconds(60)
  private static let remembered = 100_000

  let link: ProviderLink
  let credential: ProviderCredential
  let refusals = Recent<ProviderRefund, Int>(countMax: remembered)
  /// Since when there may be something on its way for an attempt, as far as this process knows.
  private let firstHeard = Recent<Attempt, MonotonicInstant>(countMax: remembered)
  private let timeout: Duration
  private let notFoundFinal: Duration
  private let clock: TransportClock

  /// Throws when the file of authorities cannot be used. Has to be closed.
  package init(
    _ settings: HTTPProviderSettings, clock: TransportClock = .system, group: any EventLoopGroup
  ) throws(HTTPProviderError) {
    link = try ProviderLink(settings, clock: clock, group: group)
    credential = settings.credential
    timeout = settings.timeout
    // An attempt that is asked about may be under way here for as long as an operation takes.
    notFoundFinal = settings.timeout + settings.notFoundFinal
    self.clock = clock
  }

  /// Ends what is under way and closes every connection.
  package func close() async { await link.close() }

  package func charge(_ charge: ProviderCharge) async -> ProviderOutcome {
    guard let token = ChargeToken(charge.method) else { return Self.unknownMethod }
    let deadline = deadline
    let outcome: ProviderOutcome
    switch await link.send(.charge(charge, with: token), until: deadline) {
    case .notSent(let reason):
      return .notCharged(reason: reason, retryAfter: Self.retryAfter)
    case .lost(let reason): outcome = .unknown(reason: reason)
    case .answered(let answer):
      outcome = await judged(answer, of: charge, with: token, until: deadline)
    }
    if case .unknown = outcome { heard(of: charge) }
    return outcome
  }

  package func outcome(of charge: ProviderCharge) async -> ProviderOutcome {
    // What is no method was never sent.
    guard ChargeToken(charge.method) != nil else { return Self.unknownMethod }
    let since = heard(of: charge)
    let now = clock.now()
    switch await standing(of: charge, until: deadline) {
    case .known(let outcome): return outcome
    case .missing:
      guard since.advanced(by: notFoundFinal) <= now else {
        return .unknown(reason: "the provider has no such payment yet")
      }
      return .notCharged(reason: "the provider never got it", retryAfter: .zero)
    case .unclear(let reason): return .unknown(reason: reason)
    }
  }

  var deadline: MonotonicInstant { clock.now().advanced(by: timeout) }

  private static let unknownMethod = ProviderOutcome.declined(
    reason: "this payment method is neither once:… nor billing:…:…")

  private struct Attempt: Hashable {
    let key: PaymentKey
    let number: Int
  }

  /// Since when this process knows of an attempt that may be on its way. After a restart that is
  /// later than it was, which only makes the answer come later.
  @discardableResult
  private func heard(of charge: ProviderCharge) -> MonotonicInstant {
    let now = clock.now()
    return firstHeard.update(Attempt(key: charge.key, number: charge.attempt)) { $0 ?? now }
  }
}

// MARK: - What answers mean

extension HTTPProvider {
  /// What the provider says about an attempt that was made before.
  private enum Standing {
    case known(ProviderOutcome)
    /// It has no payment under this order id.
    case missing
    case unclear(String)
  }

  private func judged(
    _ answer: Answer, of charge: ProviderCharge, with token: ChargeToken,
    until deadline: MonotonicInstant
  ) async -> ProviderOutcome {
    if answer.isSuccess { return Self.judged(answer, of: charge, with: token) }
    guard answer.status >= 400 else {
      return .unknown(reason: "the provider redirects, which is not followed")
    }
    let refusal = ProviderRefusal(answer)
    let reason =
      refusal?.reason(without: credential) ?? "the provider answered \(answer.status)"
    switch RefusalMeaning(status: answer.status, code: refusal?.code) {
    case .declined: return .declined(reason: reason)
    case .later:
      return .notCharged(reason: reason, retryAfter: answer.retryAfter ?? Self.retryAfter)
    case .misconfigured:
      return .notCharged(
        reason: "the provider does not accept our credentials: \(reason)",
        retryAfter: answer.retryAfter ?? Self.retryAfterMending)
    case .ask:
      let standing = await standing(of: charge, until: deadline)
      guard case .known(let outcome) = standing else { return .unknown(reason: reason) }
      return outcome
    case .unknown: return .unknown(reason: reason)
    }
  }

  /// Approved, if the answer is about what was asked for in every respect.
  private static func judged(
    _ answer: Answer, of charge: ProviderCharge, with token: ChargeToken
  ) -> ProviderOutcome {
    guard let payment = ProviderPayment(answer, of: charge.key), let reference = payment.reference
    else { return .unknown(reason: "the provider's answer makes no sense") }
    if case .once(let paymentKey) = token, paymentKey != payment.paymentKey {
      return .unknown(reason: "the provider's answer is about another payment")
    }
    guard payment.status == "DONE" else {
      return .unknown(reason: "the provider answered with a payment that is \(payment.state)")
    }
    guard payment.total == charge.amount else {
      return .unknown(reason: "the provider answered with another amount")
    }
    return .approved(reference, amount: charge.amount)
  }

  private func standing(
    of charge: ProviderCharge, until deadline: MonotonicInstant
  ) async -> Standing {
    switch await link.send(.find(charge.key), until: deadline) {
    case .notSent(let reason), .lost(let reason): return .unclear(reason)
    case .answered(let answer):
      if let payment = ProviderPayment(answer, of: charge.key) { return Self.standing(payment) }
      if let refusal = ProviderRefusal(answer) {
        if answer.status == 404, refusal.code == "NOT_FOUND_PAYMENT" { return .missing }
        return .unclear(refusal.reason(without: credential))
      }
      return .unclear("the provider's answer makes no sense")
    }
  }

  /// The provider's own record. Whatever amount it tells is what was captured: what to do with one
  /// that was not asked for is for the payment to decide.
  private static func standing(_ payment: ProviderPayment) -> Standing {
    guard let reference = payment.reference, let total = payment.total else {
      return .unclear("the provider's record makes no sense")
    }
    switch payment.status {
    case "DONE": return .known(.approved(reference, amount: total))
    case "PARTIAL_CANCELED":
      // Not by us, who have not heard of the capture: what is left is what we hold.
      guard let balance = payment.balance else {
        return .unclear("the provider's record tells no balance")
      }
      return .known(.approved(reference, amount: balance))
    case "CANCELED":
      // Nothing is held, and the order id is spent.
      return .known(.declined(reason: "the payment was cancelled at the provider"))
    case "ABORTED", "EXPIRED":
      return .known(
        .notCharged(reason: "the payment is \(payment.state) at the provider", retryAfter: .zero))
    default: return .unclear("the payment is \(payment.state) at the provider")
    }
  }
}

extension ProviderPayment {
  /// The status in words, as long as it looks like one.
  fileprivate var state: String {
    ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT", "ABORTED", "EXPIRED", "CANCELED"]
      .contains(status) ? status : "in an unknown state"
  }
}
