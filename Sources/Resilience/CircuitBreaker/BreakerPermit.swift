/// The right to make one call, which lives once. Tell it how the call went; a permit that goes out
/// of scope instead, because the call threw, was cancelled or forgotten, gives itself back. One
/// that is kept longer than the lease is worth nothing: what it reports changes nothing.
public struct BreakerPermit: ~Copyable, Sendable {
  private let breaker: CircuitBreaker
  private let ticket: BreakerMachine.Ticket
  private var isSettled = false

  init(_ breaker: CircuitBreaker, _ ticket: BreakerMachine.Ticket) {
    self.breaker = breaker
    self.ticket = ticket
  }

  /// Whether this call is one of the few that decide if the breaker closes.
  package var isProbe: Bool { ticket.probe != nil }

  /// Reports the outcome. False if it changed nothing, because it came from an earlier state or
  /// after the lease.
  @discardableResult
  public consuming func settle(_ outcome: CallOutcome, at now: MonotonicInstant) -> Bool {
    isSettled = true
    return breaker.settle(ticket, outcome, at: now)
  }

  deinit {
    if !isSettled { breaker.drop(ticket) }
  }
}
