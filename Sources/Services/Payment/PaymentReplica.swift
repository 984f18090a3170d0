import Domain
package import Journal
import Messages
import Transport

/// Owns the payments whose keys lie in its slots: intent → attempt → provider → outcome, each
/// durable before the next.
///
/// After a crash in between: an intent with its attempt and no outcome is asked about when its
/// deadline passes, with the same key; a refund that was requested is tried again; an outcome that
/// the order did not hear reaches it as an event.
package actor PaymentReplica {
  private let host: AggregateHost<Domain.Payment>
  private let provider: any PaymentProvider
  private let environment: ServiceEnvironment
  private nonisolated let executor: ReplicaExecutor

  private static let service = Domain.Principal.service("payment")

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, provider: any PaymentProvider, environment: ServiceEnvironment,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.provider = provider
    self.environment = environment
    self.executor = executor
  }

  /// Captures, or tells how it stands.
  func charge(
    _ request: PaymentRequest, by caller: Domain.Principal, _ context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    let cause = CommandCause(context, correlationID: request.order.rawValue)
    let begun = try await begin(request, by: caller, cause)
    guard begun.events.contains(where: { $0.kind == .attempted }) else {
      return ChargeResponse(payment: Messages.Payment(begun.snapshot.state), recalled: true)
    }
    let charge = ProviderCharge(
      key: request.key, attempt: begun.snapshot.state.attempt, amount: request.amount,
      method: request.method)
    // The intent is durable: from here on the work is the pool's. A caller who hangs up cancels
    // its own task, which must not cancel a capture; so this one has no parent. It ends within
    // the provider's time limit.
    let attempt = Task(executorPreference: executor.task) {
      [self] () -> Result<ChargeResponse, RPCError> in
      let outcome = await provider.charge(charge)
      do throws(RPCError) {
        let state = try await record(outcome, of: charge, cause)
        return .success(
          ChargeResponse(
            payment: Messages.Payment(state),
            retryAfterMs: UInt64(clamping: outcome.retryAfter.wholeMs)))
      } catch { return .failure(error) }
    }
    return try await attempt.value.get()
  }

  /// Makes the intent and its attempt durable. Who is turned away here, because many want the same
  /// payment at once or there is too much to write down, has begun nothing, and is told so: anybody
  /// can send one order many times at once, and payment is none the worse for it.
  private func begin(
    _ request: PaymentRequest, by caller: Domain.Principal, _ cause: CommandCause
  ) async throws(RPCError) -> AggregateHost<Domain.Payment>.Outcome {
    do throws(RPCError) {
      return try await host.perform(
        on: request.key.rawValue, cause: cause, assumingNew: true
      ) { (state, now) throws(Rejection) in
        try Domain.Payment.decide(.charge(request), state: state, by: caller, at: now)
      }
    } catch {
      var refusal = error
      if error.code == .resourceExhausted { refusal.unprocessed = true }
      throw refusal
    }
  }

  func get(
    _ key: PaymentKey, by caller: Domain.Principal
  ) async throws(RPCError) -> GetPaymentResponse {
    let state = try await host.state(of: key.rawValue).state
    guard state.isVisible(to: caller) else {
      throw RPCError(Rejection(.notFound, "there is no such payment"))
    }
    var payment = Messages.Payment(state)
    // The provider's own words may be about credentials or addresses. Why a card was declined is
    // its owner's to know.
    if caller.role == .customer, state.phase != .declined { payment.reason = "" }
    return GetPaymentResponse(payment: payment)
  }

  func refund(
    _ command: PaymentCommand, of key: PaymentKey, by caller: Domain.Principal,
    _ context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    let state = try await take(
      command, on: key.rawValue, by: caller,
      cause: CommandCause(context, correlationID: key.rawValue))
    return RefundResponse(payment: Messages.Payment(state))
  }

  /// What the order recorded: a void or a settlement.
  func take(_ command: PaymentCommand, on id: String, cause: CommandCause) async throws(RPCError) {
    _ = try await take(command, on: id, by: Self.service, cause: cause)
  }

  /// A deadline passed: do what is outstanding.
  func fire(on id: String, cause: CommandCause) async throws(RPCError) {
    var state = try await host.state(of: id).state
    for work in state.outstanding {
      switch work {
      case .ask(let attempt):
        guard let request = state.request else { continue }
        let charge = ProviderCharge(
          key: request.key, attempt: attempt, amount: request.amount, method: request.method)
        let outcome = await provider.outcome(of: charge)
        state = try await record(outcome, of: charge, cause)
      case .refund(let refund):
        state = try await carryOut(refund, of: id, cause)
      }
    }
    // What is still outstanding is looked at again later; nothing gives up on money.
    try await host.rearm(id, cause: cause) { (state, now) in
      PaymentDeadlines.next(for: state, at: now, policy: environment.deadlines)
    }
  }

  private func take(
    _ command: PaymentCommand, on id: String, by caller: Domain.Principal, cause: CommandCause
  ) async throws(RPCError) -> Domain.PaymentState {
    let outcome = try await host.perform(command, on: id, by: caller, cause: cause)
    var state = outcome.snapshot.state
    for case .refundRequested(let key, _, _, _) in outcome.events {
      guard let refund = state.refund(key) else { continue }
      // At once, if it can be; the deadline set with the request is there if it cannot.
      if let after = try? await carryOut(refund, of: id, cause) { state = after }
    }
    return state
  }

  private func carryOut(
    _ refund: Refund, of id: String, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.PaymentState {
    let outcome = await provider.refund(
      ProviderRefund(payment: PaymentKey(validated: id), key: refund.key, amount: refund.amount))
    let command: PaymentCommand =
      switch outcome {
      case .refunded(let reference): .recordRefunded(key: refund.key, reference: reference)
      case .failed(let reason): .recordRefundFailed(key: refund.key, reason: reason)
      }
    return try await record(command, on: id, cause)
  }

  private func record(
    _ outcome: ProviderOutcome, of charge: ProviderCharge, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.PaymentState {
    let attempt = charge.attempt
    let command: PaymentCommand =
      switch outcome {
      case .approved(let reference, let amount):
        .recordApproved(attempt: attempt, reference: reference, amount: amount)
      case .declined(let reason): .recordDeclined(attempt: attempt, reason: reason)
      case .notCharged(let reason, _): .recordNotCharged(attempt: attempt, reason: reason)
      case .unknown(let reason): .recordUnknown(attempt: attempt, reason: reason)
      }
    return try await record(command, on: charge.key.rawValue, cause)
  }

  /// An outcome is a command of its own, not the effect of the source position that led to it.
  private func record(
    _ command: PaymentCommand, on id: String, _ cause: CommandCause
  ) async throws(RPCError) -> Domain.PaymentState {
    var own = cause
    own.taking = nil
    return try await take(command, on: id, by: Self.service, cause: own)
  }
}

extension ProviderOutcome {
  /// How long to wait before trying again; zero when that makes no difference.
  fileprivate var retryAfter: Duration {
    if case .notCharged(_, let retryAfter) = self { retryAfter } else { .zero }
  }
}
