import Domain
package import Messages
package import Resilience
package import Transport

/// Payment as the order service calls it: deadline → bulkhead → circuit breaker → call.
///
/// While payment is slow, failing or gone, callers hear so within moments, with a time to come
/// back; what was refused here has charged nobody, so that the order can be parked and paid later.
/// Only charging is guarded: asking how a payment stands is what heals an order, and must get
/// through.
package struct PaymentGuard: PaymentServiceProtocol {
  private let payment: any PaymentServiceProtocol
  private let breaker: CircuitBreaker
  private let bulkhead: Bulkhead
  /// How long a charge may wait for its turn.
  private let queueTimeout: Duration
  private let clock: TransportClock

  package init(
    _ payment: any PaymentServiceProtocol, breaker: CircuitBreaker, bulkhead: Bulkhead,
    queueTimeout: Duration, clock: TransportClock
  ) {
    self.payment = payment
    self.breaker = breaker
    self.bulkhead = bulkhead
    self.queueTimeout = queueTimeout
    self.clock = clock
  }

  package nonisolated(nonsending) func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    let turn = clock.now().advanced(by: queueTimeout)
    let place = try await enter(until: min(turn, context.deadline ?? turn))
    let outcome: Result<ChargeResponse, GuardedCallError<RPCError>>
    do throws(GuardedCallError<RPCError>) {
      outcome = .success(
        try await breaker.run(now: instant, judge: Self.judge) { () async throws(RPCError) in
          try await payment.charge(request, context: context)
        })
    } catch { outcome = .failure(error) }
    // Frees the place.
    _ = consume place
    switch outcome {
    case .success(let answer): return answer
    case .failure(.failed(let error)): throw error
    case .failure(.rejected(let rejection)): throw Self.refusal(rejection)
    }
  }

  package nonisolated(nonsending) func getPayment(
    _ request: GetPaymentRequest, context: CallContext
  ) async throws(RPCError) -> GetPaymentResponse {
    try await payment.getPayment(request, context: context)
  }

  package nonisolated(nonsending) func refund(
    _ request: RefundRequest, context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    try await payment.refund(request, context: context)
  }

  package nonisolated(nonsending) func getSimulator(
    _ request: GetSimulatorRequest, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await payment.getSimulator(request, context: context)
  }

  package nonisolated(nonsending) func setSimulator(
    _ request: SimulatorSettings, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await payment.setSimulator(request, context: context)
  }

  private func instant() -> Resilience.MonotonicInstant {
    Resilience.MonotonicInstant(nanoseconds: clock.now().nanoseconds)
  }

  private nonisolated(nonsending) func enter(
    until turn: Transport.MonotonicInstant
  ) async throws(RPCError) -> BulkheadPermit {
    do throws(BulkheadRejection) {
      return try await bulkhead.permit(
        until: Resilience.MonotonicInstant(nanoseconds: turn.nanoseconds))
    } catch {
      switch error {
      case .cancelled: throw RPCError(code: .cancelled, message: "cancelled", unprocessed: true)
      case .full, .deadlineExceeded:
        throw RPCError(
          code: .unavailable, message: "payment is busy; please pay a little later",
          retryAfter: .seconds(1), unprocessed: true, cause: error)
      }
    }
  }
}

extension PaymentGuard {
  /// What a charge says about payment's health. A card that is declined is an answer; a refusal
  /// that is the caller's own fault says nothing.
  static func judge(_ result: borrowing Result<ChargeResponse, RPCError>) -> CallOutcome {
    switch copy result {
    case .success(let answer):
      switch answer.payment?.state {
      case .unknown, .notCharged, nil: .failure
      default: .success
      }
    case .failure(let error):
      switch error.code {
      case .unavailable, .deadlineExceeded, .resourceExhausted, .unknown, .internal, .aborted,
        .dataLoss:
        .failure
      default: .ignored
      }
    }
  }

  private static func refusal(_ rejection: BreakerRejection) -> RPCError {
    RPCError(
      code: .unavailable, message: "payment is having trouble; please pay a little later",
      retryAfter: rejection.retryAfterNanoseconds.map { .nanoseconds($0) } ?? .seconds(5),
      unprocessed: true, cause: rejection)
  }
}
