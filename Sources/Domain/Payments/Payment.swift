/// The payment of one order, under one key. It never captures twice, and whatever it captured is
/// kept, given back, or still held: `captured = kept + refunded + held`.
public enum Payment: Decider {
  /// The most refunds one payment may have.
  public static let refundsMax = 50

  public static let name = "Payment"
  public static let initial = PaymentState()

  public static func phase(of state: PaymentState) -> PaymentPhase { state.phase }
  public static func kind(of command: PaymentCommand) -> PaymentCommandKind { command.kind }
  public static func kind(of event: PaymentEvent) -> PaymentEventKind { event.kind }

  /// Services and operators act on every payment; nobody else acts on one at all.
  public static func isOwner(
    _ principal: Principal, of state: PaymentState, for command: PaymentCommand
  ) -> Bool {
    principal.role == .service || principal.role == .operator
  }

  public static func isVisible(_ state: PaymentState, to principal: Principal) -> Bool {
    state.isVisible(to: principal)
  }
}

/// What somebody still has to do for a payment; found again after a crash from the state alone.
public enum PaymentWork: Hashable, Sendable {
  /// Ask the provider how this attempt went, with the same key.
  case ask(attempt: Int)
  /// Have the provider carry out this refund, with the refund's key.
  case refund(Refund)
}

extension PaymentState {
  /// What was given back.
  public var refunded: Won { sum { $0.isDone } }
  /// What was given back or is to be.
  public var refundsRequested: Won { sum { _ in true } }
  /// What was captured and nobody asked back.
  public var remaining: Won { captured.subtractingOrZero(refundsRequested) }
  /// What is ours and the store's for good; zero until the order is delivered.
  public var kept: Won { isSettled ? remaining : .zero }
  /// What was captured and is neither kept nor given back yet.
  public var held: Won { captured.subtractingOrZero(refunded).subtractingOrZero(kept) }

  /// Whether nothing is under way or owed: held is zero unless the payment is `approved`.
  public var isAtRest: Bool { outstanding.isEmpty }

  /// The refund under this key.
  public func refund(_ key: RefundKey) -> Refund? { refunds.first { $0.key == key } }

  /// What is still to be done.
  public var outstanding: [PaymentWork] {
    switch phase {
    case .attempting, .unknown, .voidedOutstanding: [.ask(attempt: attempt)]
    case .refunding: refunds.filter { !$0.isDone }.map { .refund($0) }
    case .none, .approved, .declined, .notCharged, .voided, .refunded, .settled: []
    }
  }

  /// Whether this principal may see the payment: its customer, an operator, our services.
  public func isVisible(to principal: Principal) -> Bool {
    switch principal.role {
    case .operator, .service: phase != .none
    case .customer: request.map { $0.customer.rawValue == principal.id } ?? false
    case .store, .rider: false
    }
  }

  // A refund is only ever added within what was captured, so the sum cannot overflow.
  private func sum(where isCounted: (Refund) -> Bool) -> Won {
    (try? Won.sum(refunds.lazy.filter(isCounted).map(\.amount))) ?? .max
  }
}
