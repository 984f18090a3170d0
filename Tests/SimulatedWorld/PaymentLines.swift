import Messages
import Services
import Transport

/// Payment on another node, as the order service calls it.
struct RemotePayment: PaymentServiceProtocol {
  let network: Network
  let place: Int

  private func forwarded<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, _ context: CallContext
  ) async throws(RPCError) -> Response {
    try await network.call(
      method, request, from: place, as: context.principal,
      within: context.remainingTime ?? .seconds(3600))
  }

  func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    try await forwarded(PaymentServiceMethods.charge, request, context)
  }

  func getPayment(
    _ request: GetPaymentRequest, context: CallContext
  ) async throws(RPCError) -> GetPaymentResponse {
    try await forwarded(PaymentServiceMethods.getPayment, request, context)
  }

  func refund(
    _ request: RefundRequest, context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    try await forwarded(PaymentServiceMethods.refund, request, context)
  }

  func getSimulator(
    _ request: GetSimulatorRequest, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await forwarded(PaymentServiceMethods.getSimulator, request, context)
  }

  func setSimulator(
    _ request: SimulatorSettings, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await forwarded(PaymentServiceMethods.setSimulator, request, context)
  }
}

/// What bulkhead and breaker let through, seen from behind them.
struct WatchedPayment: PaymentServiceProtocol {
  let base: any PaymentServiceProtocol
  /// Before every charge.
  let onCharge: @Sendable () async -> Void

  func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    await onCharge()
    return try await base.charge(request, context: context)
  }

  func getPayment(
    _ request: GetPaymentRequest, context: CallContext
  ) async throws(RPCError) -> GetPaymentResponse {
    try await base.getPayment(request, context: context)
  }

  func refund(
    _ request: RefundRequest, context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    try await base.refund(request, context: context)
  }

  func getSimulator(
    _ request: GetSimulatorRequest, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await base.getSimulator(request, context: context)
  }

  func setSimulator(
    _ request: SimulatorSettings, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    try await base.setSimulator(request, context: context)
  }
}
