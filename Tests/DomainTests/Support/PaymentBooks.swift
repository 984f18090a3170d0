@testable import Domain

/// The books of one payment, kept from its events alone and by other arithmetic than the state's:
/// what was captured, asked back, given back and settled.
struct PaymentBooks {
  private var captured: Int64 = 0
  private var requested: Int64 = 0
  private var refunded: Int64 = 0
  private var isSettled = false
  /// The first thing that cannot be.
  private(set) var flaw: String?

  /// What is ours and the store's: all that nobody asked back, once it is settled.
  private var kept: Int64 { isSettled ? captured - requested : 0 }

  mutating func enter(_ event: PaymentEvent) {
    switch event {
    case .approved(_, _, let amount): captured += amount.amount
    case .refundRequested(_, let amount, _, _): requested += amount.amount
    case .refunded(_, let amount, _): refunded += amount.amount
    case .settled(let kept):
      isSettled = true
      if kept.amount != captured - requested { note("\(kept) kept, of \(self)") }
    default: break
    }
    if requested > captured { note("more was asked back than captured: \(self)") }
    if refunded > requested { note("more was given back than asked back: \(self)") }
  }

  /// Compares them with what the state says.
  mutating func compare(with state: PaymentState) {
    let told = [
      state.captured, state.refundsRequested, state.refunded, state.kept, state.held,
    ].map(\.amount)
    let held = captured - refunded - kept
    if told != [captured, requested, refunded, kept, held] { note("\(told) told, of \(self)") }
  }

  private mutating func note(_ text: String) { flaw = flaw ?? text }
}

extension PaymentState {
  /// Whether captured = kept + refunded + held, with nothing counted twice.
  var isBalanced: Bool {
    guard let used = try? Won.sum([kept, refunded, held]) else { return false }
    return used == captured && refundsRequested <= captured
  }
}
