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
  private let dependency: DependencyGuard
  private let chargeTimeout: Duration

  /// - Parameter chargeTimeout: how long a charge is given at most; its caller's deadline may give
  ///   it less.
  package init(
    _ payment: any PaymentServiceProtocol, dependency: DependencyGuard, chargeTimeout: Duration
  ) {
    self.payment = payment
    self.dependency = dependency
    self.chargeTimeout = chargeTimeout
  }

  package nonisolated(nonsending) func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    do throws(DependencyError<RPCError>) {
      return try await dependency.run(
        until: context.deadline.map { Resilience.MonotonicInstant($0) },
        judge: { Self.judge($0, $1, patience: patience) }, mayRepeat: Self.mayRepeat
      ) { () async throws(RPCError) in
        try await payment.charge(request, context: context)
      }
    } catch {
      switch error {
      case .failed(let error): throw error
      case .rejected(let rejection): throw Self.refusal(rejection)
      case .turnedAway(let rejection): throw Self.refusal(rejection)
      }
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
}

extension PaymentGuard {
  /// What a charge says about payment's health. A card that is declined is an answer; a refusal
  /// that is the caller's own fault says nothing. Nor does one that payment turned away before it
  /// began, because it has its hands full: it does all that it can, and a breaker that opened would
  /// keep away what it has room for. Nor one that finds another call's attempt under way, or that
  /// recalls how an earlier one went: it came to no provider.
  ///
  /// A charge without an answer counts against payment only when it had time enough for one.
  /// Whoever calls decides on the deadline: otherwise anybody who gives payment no time could open
  /// the breaker for all. Who hangs up had as much time as the charge has taken; when its caller's
  /// deadline passes, a charge may end either way.
  /// - Parameter patience: so much time is enough.
  static func judge(
    _ result: borrowing Result<ChargeResponse, RPCError>, _ time: CallTime,
    patience: @autoclosure () -> Duration
  ) -> CallOutcome {
    switch copy result {
    case .success(let answer) where answer.recalled: .ignored
    case .success(let answer):
      switch answer.payment?.state {
      case .attempting: .ignored
      case .unknown, .notCharged, nil: .failure
      default: .success
      }
    case .failure(let error):
      switch error.code {
      case .resourceExhausted where error.unprocessed: .ignored
      case .deadlineExceeded: time.wasGiven(patience()) ? .failure : .ignored
      case .cancelled: time.taken >= patience() ? .failure : .ignored
      case .unavailable, .resourceExhausted, .unknown, .internal, .aborted, .dataLoss: .failure
      default: .ignored
      }
    }
  }

  /// How much time a charge must have had before its silence counts against payment: what the
  /// breaker's policy calls slow, which would count even with an answer; but no more than half of
  /// what a charge is given at most. So a payment that hangs is seen whatever the policy says, also
  /// when all callers have a little less time than that, or part of theirs went by in the queue.
  private var patience: Duration {
    min(dependency.slowCall ?? chargeTimeout, chargeTimeout / 2)
  }

  /// A charge that payment never began, and that it did not ask to keep for later: its node went
  /// away, say, and another one may be there.
  static func mayRepeat(_ error: RPCError) -> Bool {
    error.unprocessed && error.code == .unavailable && error.retryAfter == nil
  }

  private static func refusal(_ rejection: BreakerRejection) -> RPCError {
    RPCError(
      code: .unavailable, message: "payment is having trouble; please pay a little later",
      retryAfter: rejection.retryAfterNanoseconds.map { .nanoseconds($0) } ?? .seconds(5),
      unprocessed: true, cause: rejection)
  }

  private static func refusal(_ rejection: BulkheadRejection) -> RPCError {
    switch rejection {
    case .cancelled: RPCError(code: .cancelled, message: "cancelled", unprocessed: true)
    case .full, .deadlineExceeded:
      RPCError(
        code: .unavailable, message: "payment is busy; please pay a little later",
        retryAfter: .seconds(1), unprocessed: true, cause: rejection)
    }
  }
}
