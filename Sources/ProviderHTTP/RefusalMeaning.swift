/// What a refusal of a charge means for the money.
enum RefusalMeaning: Hashable, Sendable {
  /// Not charged, and trying the same again makes no sense.
  case declined
  /// Not charged; later it may work.
  case later
  /// Not charged, and nothing will be before somebody mends the configuration.
  case misconfigured
  /// There may be a payment: ask.
  case ask
  /// Nothing can be concluded.
  case unknown

  /// - Parameters:
  ///   - status: of HTTP, 400 or more.
  ///   - code: the provider's; nil when the answer names none.
  init(status: Int, code: String?) {
    switch (status, code) {
    case (429, _): self = .later
    case (401, _): self = .misconfigured
    case (503, let code?) where Self.laterCodes.contains(code): self = .later
    case (400...499, let code?): self = Self.meaning(of: code)
    default: self = .unknown
    }
  }

  private static func meaning(of code: String) -> RefusalMeaning {
    if laterCodes.contains(code) { return .later }
    if misconfiguredCodes.contains(code) { return .misconfigured }
    if declinedCodes.contains(code) || declinedPrefixes.contains(where: code.hasPrefix) {
      return .declined
    }
    // Among them those that tell of a payment under this order: ALREADY_PROCESSED_PAYMENT,
    // DUPLICATED_ORDER_ID, IDEMPOTENT_REQUEST_PROCESSING; and whatever may be added.
    return .ask
  }

  private static let laterCodes: Set<String> = [
    "PROVIDER_ERROR", "CARD_PROCESSING_ERROR", "NOT_AVAILABLE_PAYMENT", "NOT_AVAILABLE_BANK",
    "FORBIDDEN_CONSECUTIVE_REQUEST",
  ]
  private static let misconfiguredCodes: Set<String> = [
    "UNAUTHORIZED_KEY", "INVALID_API_KEY", "INCORRECT_BASIC_AUTH_FORMAT", "FORBIDDEN_REQUEST",
    "NOT_FOUND_TERMINAL_ID", "INVALID_UNREGISTERED_SUBMALL", "NOT_REGISTERED_BUSINESS",
  ]
  private static let declinedCodes: Set<String> = [
    "NOT_FOUND_PAYMENT_SESSION", "NOT_FOUND_PAYMENT", "INVALID_REQUEST", "INVALID_REJECT_CARD",
    "INVALID_STOPPED_CARD", "INVALID_PASSWORD", "INVALID_AUTHORIZE_AUTH", "FDS_ERROR",
    "INVALID_ACCOUNT_INFO_RE_REGISTER", "INVALID_BILL_KEY_REQUEST", "NOT_MATCHES_CUSTOMER_KEY",
    "UNAPPROVED_ORDER_ID",
  ]
  private static let declinedPrefixes = [
    "REJECT_", "INVALID_CARD", "EXCEED_MAX", "NOT_ENOUGH", "RESTRICTED_", "BELOW_MINIMUM",
    "NOT_SUPPORTED", "NOT_ALLOWED",
  ]
}
