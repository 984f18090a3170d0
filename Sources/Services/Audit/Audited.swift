import Domain
import Journal

/// An aggregate as the audit reads it: event by event, since `evolve` passes over what does not
/// fit and a state alone would never tell.
protocol Audited: JournaledDecider {
  /// What is wrong with an event, given the state before and after it; nil when it fits.
  static func flaw(in event: Event, from state: State, to next: State) -> Flaw?

  /// Whether something came of what was under way.
  static func isProgress(_ event: Event) -> Bool
}

/// An event that does not follow from what came before it.
struct Flaw {
  /// The promise that is broken; `journal` when it is none of them.
  let promise: String
  let text: String
}

extension Audited {
  /// No decider gives an event that changes nothing: who wrote one did not heed what stood there.
  static func flaw(in event: Event, from state: State, to next: State) -> Flaw? {
    guard next == state else { return nil }
    return Flaw(
      promise: "journal",
      text: "\(kind(of: event).rawValue) does not fit, it was \(phase(of: state).rawValue)")
  }

  static func isProgress(_ event: Event) -> Bool { true }
}

extension Domain.Order: Audited {}
extension Domain.Ticket: Audited {}
extension Domain.Delivery: Audited {}

extension Domain.Payment: Audited {
  /// Every won is counted as its own event says: captured once, given back as it was asked back,
  /// kept as it was left.
  static func flaw(
    in event: PaymentEvent, from state: Domain.PaymentState, to next: Domain.PaymentState
  ) -> Flaw? {
    let fits =
      switch event {
      case .refunded(let key, let amount, _): state.refund(key)?.amount == amount
      case .settled(let kept): next.kept == kept
      default: true
      }
    guard !fits || next == state else { return nil }
    return Flaw(
      promise: "P3",
      text: "\(event.inWords) does not fit, it was \(state.phase.rawValue): "
        + "\(state.captured) captured, \(state.refundsRequested) asked back, "
        + "\(state.refunded) given back, \(state.kept) kept")
  }

  /// A refund that is refused again and again is as little done as before.
  static func isProgress(_ event: PaymentEvent) -> Bool {
    if case .refundFailed = event { false } else { true }
  }
}

extension PaymentEvent {
  fileprivate var inWords: String {
    switch self {
    case .approved(_, let reference, let amount): "\(amount) captured as \(reference)"
    case .refundRequested(let key, let amount, _, _): "\(amount) asked back as \(key)"
    case .refunded(let key, let amount, _): "\(amount) given back as \(key)"
    case .settled(let kept): "\(kept) kept"
    default: kind.rawValue
    }
  }
}
