import Domain
package import Journal
import Messages
import Transport

/// Owns the orders whose keys lie in its slots.
package actor OrderReplica {
  let host: AggregateHost<Domain.Order>
  private let menus: any MenuCatalog
  let payment: any PaymentServiceProtocol
  let environment: ServiceEnvironment
  /// How long a charge may take before its outcome counts as unknown.
  let chargeTimeout: Duration
  private nonisolated let executor: ReplicaExecutor

  static let service = Domain.Principal.service("order")

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

  package init(
    journal: AnyJournal, menus: any MenuCatalog, payment: any PaymentServiceProtocol,
    environment: ServiceEnvironment, chargeTimeout: Duration,
    memory: AggregateMemory = AggregateMemory(), executor: ReplicaExecutor
  ) {
    self.host = AggregateHost(journal: journal, environment: environment, memory: memory)
    self.menus = menus
    self.payment = payment
    self.environment = environment
    self.chargeTimeout = chargeTimeout
    self.executor = executor
  }

  /// Prices, submits and pays. Answers with the order in whatever state it came to; throws only
  /// when there is no order, or none any more that was not to be parked. Again with the same key it
  /// asks payment again, if that is still open.
  func place(
    _ order: PlaceOrder, by caller: Domain.Principal, _ context: CallContext
  ) async throws(RPCError) -> PlaceOrderResponse {
    let id = order.id.rawValue
    let menu = try await menu(for: order)
    let cause = CommandCause(context, correlationID: id)
    let submitted = try await host.perform(on: id, cause: cause, assumingNew: true) {
      (state, now) throws(Rejection) in
      let draft = try order.draft(
        existing: state.draft, menu: menu ?? MenuCopy(), at: now,
        expiresAt: now.advanced(
          by: order.method == nil
            ? environment.deadlines.paymentParked : environment.deadlines.paymentPending))
      return try Domain.Order.decide(.submit(draft), state: state, by: caller, at: now)
    }
    let paid = try await pay(submitted, for: caller, context)
    // Whoever asks again with the key of an order that is over is answered with it: UNAVAILABLE
    // would have them try for ever.
    if paid.order?.state == .expired, !order.allowParking, !submitted.events.isEmpty {
      throw RPCError(
        code: .unavailable, message: "payment is not available at the moment",
        retryAfter: .milliseconds(Int64(clamping: paid.retryAfterMs)))
    }
    return paid
  }

  /// What the order is priced from; nil for one that exists: whoever asks again is answered,
  /// whatever has become of our copy of the menu.
  private func menu(for order: PlaceOrder) async throws(RPCError) -> MenuCopy? {
    var failure = RPCError(
      code: .unavailable, message: "the menu of store \(order.store) is not here yet",
      retryAfter: .seconds(1), unprocessed: true)
    do throws(RPCError) {
      if let menu = try await menus.menu(of: order.store) { return menu }
    } catch { failure = error }
    guard try await host.state(of: order.id.rawValue).state.draft != nil else { throw failure }
    return nil
  }

  /// Pays a parked order; nil is by the method it came with.
  func pay(
    _ id: OrderID, method: PaymentMethod?, by caller: Domain.Principal, _ context: CallContext
  ) async throws(RPCError) -> PayOrderResponse {
    let asked = try await host.perform(
      .pay(method), on: id.rawValue, by: caller,
      cause: CommandCause(context, correlationID: id.rawValue))
    let paid = try await pay(asked, for: caller, context)
    return PayOrderResponse(order: paid.order, retryAfterMs: paid.retryAfterMs)
  }

  /// Whether an order is parked and can be paid without its customer.
  func isPayable(_ id: String) async throws(RPCError) -> Bool {
    let state = try await host.state(of: id).state
    return state.phase == .awaitingPayment && state.paymentMethod?.isOneTime == false
  }

  func cancel(
    _ id: OrderID, reason: String, by caller: Domain.Principal, _ context: CallContext
  ) async throws(RPCError) -> CancelOrderResponse {
    let outcome = try await host.perform(
      .cancel(reason: reason), on: id.rawValue, by: caller,
      cause: CommandCause(context, correlationID: id.rawValue))
    return CancelOrderResponse(order: Messages.Order(outcome.snapshot, for: caller))
  }

  func answerOffer(
    _ answer: Domain.OfferAnswer, on id: OrderID, by caller: Domain.Principal,
    _ context: CallContext
  ) async throws(RPCError) -> AnswerOfferResponse {
    let outcome = try await host.perform(
      .answerOffer(number: answer.number, accept: answer.accepted), on: id.rawValue, by: caller,
      cause: CommandCause(context, correlationID: id.rawValue))
    return AnswerOfferResponse(order: Messages.Order(outcome.snapshot, for: caller))
  }

  func get(_ id: OrderID, by caller: Domain.Principal) async throws(RPCError) -> GetOrderResponse {
    let snapshot = try await host.state(of: id.rawValue)
    guard snapshot.state.isVisible(to: caller) else {
      throw RPCError(Rejection(.notFound, "there is no such order"))
    }
    return GetOrderResponse(order: Messages.Order(snapshot, for: caller))
  }

  /// What another service recorded, or a deadline that passed.
  func take(_ command: OrderCommand, on id: String, cause: CommandCause) async throws(RPCError) {
    _ = try await host.perform(command, on: id, by: Self.service, cause: cause)
  }
}
