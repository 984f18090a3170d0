import Domain
import Journal
import Messages
import Transport

/// What the order service says to payment, and what the answers mean. The order is not held
/// meanwhile: whatever happens to it in between, an outcome is a command like any other.
extension OrderReplica {
  /// Charges an order whose payment is open, after the command that asked for it.
  func pay(
    _ asked: AggregateHost<Domain.Order>.Outcome, for viewer: Domain.Principal,
    _ context: CallContext
  ) async throws(RPCError) -> PlaceOrderResponse {
    let state = asked.snapshot.state
    guard state.isPaymentOpen, let draft = state.draft, let method = state.paymentMethod else {
      return PlaceOrderResponse(order: Messages.Order(asked.snapshot, for: viewer))
    }
    let id = draft.id.rawValue
    let (command, retryAfter) = await charge(
      draft, by: method, isFirst: !asked.events.isEmpty, context)
    let snapshot: AggregateSnapshot<Domain.OrderState>
    if let command {
      var cause = CommandCause(context, correlationID: id)
      cause.causationID = "charge/\(id)/\(state.attempt)"
      snapshot = try await host.perform(command, on: id, by: Self.service, cause: cause).snapshot
    } else {
      snapshot = try await host.state(of: id)
    }
    return PlaceOrderResponse(
      order: Messages.Order(snapshot, for: viewer),
      retryAfterMs: UInt64(clamping: retryAfter.wholeMs))
  }

  /// Pays a parked order without its customer, where that is possible.
  func payParked(_ id: String) async throws(RPCError) -> PaymentDrain.Outcome {
    let state = try await host.state(of: id).state
    guard state.phase == .awaitingPayment, let method = state.paymentMethod, !method.isOneTime
    else { return .left }
    let context = CallContext(
      local: Self.service.onTheWire, timeout: chargeTimeout, clock: environment.clock)
    let asked = try await host.perform(
      .pay(nil), on: id, by: Self.service,
      cause: CommandCause(correlationID: id, causationID: "drain/\(state.attempt + 1)"))
    let paid = try await pay(asked, for: Self.service, context)
    return paid.order?.state == .awaitingPayment ? .failed : .paid
  }

  /// Nobody has said in time how the payment went: asks, instead of giving up on an order that may
  /// be paid. When payment cannot tell either, the deadline has its way.
  ///
  /// What payment never heard of was not charged. Should the charge arrive after all, an order that
  /// is parked takes its outcome, and one that is over has left a tombstone that refuses it.
  func paymentIsOverdue(
    _ deadline: Deadline, _ kind: OrderDeadline, seen: Snapshot, cause: CommandCause
  ) async throws(RPCError) {
    guard OrderDeadlines.kind(watching: seen.state.phase) == kind, let draft = seen.state.draft,
      let command = await standing(of: PaymentKey(draft.id))
    else { return try await pass(deadline, kind, seen: seen, cause: cause) }
    try await take(command, on: draft.id.rawValue, cause: cause)
  }

  /// Asks how a payment of unknown outcome stands; see `PaymentInquiry`. One that payment never
  /// heard of parks its order.
  func askAgain(_ id: String) async throws(RPCError) {
    let state = try await host.state(of: id).state
    guard state.phase == .paymentUnknown, let draft = state.draft,
      let command = await standing(of: PaymentKey(draft.id))
    else { return }
    try await take(
      command, on: id,
      cause: CommandCause(correlationID: id, causationID: "inquiry/\(state.attempt)"))
  }

  /// Asks payment to charge, and says what its answer means for the order; nil when it means
  /// nothing: an attempt made by somebody else is under way, or there is no answer.
  /// - Parameter isFirst: no charge can have reached payment before this one since the order began
  ///   to wait for it. Otherwise no answer says nothing about those that may have.
  private func charge(
    _ draft: OrderDraft, by method: PaymentMethod, isFirst: Bool, _ context: CallContext
  ) async -> (command: OrderCommand?, retryAfter: Duration) {
    let request = ChargeRequest(
      paymentKey: PaymentKey(draft.id).rawValue, orderID: draft.id.rawValue,
      customerID: draft.customer.rawValue, storeID: draft.store.rawValue,
      amountWon: draft.total.amount, paymentMethod: method.rawValue)
    do throws(RPCError) {
      let answer = try await payment.charge(
        request, context: context.acting(as: Self.service.onTheWire, within: chargeTimeout))
      return (
        PaymentAnswer.command(answer.payment, at: environment.now(), environment.deadlines),
        .milliseconds(Int64(clamping: answer.retryAfterMs))
      )
    } catch {
      let command = PaymentAnswer.command(error, at: environment.now(), environment.deadlines)
      return (isFirst ? command : nil, error.retryAfter ?? .seconds(1))
    }
  }

  /// How the payment under this key stands, without charging: whoever ordered may have left long
  /// ago. Nil when payment cannot tell.
  private func standing(of key: PaymentKey) async -> OrderCommand? {
    let context = CallContext(
      local: Self.service.onTheWire, timeout: chargeTimeout, clock: environment.clock)
    do throws(RPCError) {
      let answer = try await payment.getPayment(
        GetPaymentRequest(paymentKey: key.rawValue), context: context)
      let command = PaymentAnswer.command(
        answer.payment, at: environment.now(), environment.deadlines)
      return command?.kind == .markPaymentUnknown ? nil : command
    } catch {
      guard error.code == .notFound else { return nil }
      return .park(
        reason: "the payment was never begun",
        until: environment.now().advanced(by: environment.deadlines.paymentParked))
    }
  }
}

extension Domain.OrderState {
  /// Whether payment was asked and its answer is still to come.
  fileprivate var isPaymentOpen: Bool { phase == .pendingPayment || phase == .paymentUnknown }
}
