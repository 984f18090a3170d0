import Domain
package import Messages
package import Transport

/// Takes calls for payments to the replicas that own them.
package struct PaymentService: PaymentServiceProtocol {
  package let pool: ReplicaPool<PaymentReplica>
  private let simulator: SimulatedProvider?

  /// - Parameter simulator: the provider, when it is the built-in one.
  package init(pool: ReplicaPool<PaymentReplica>, simulator: SimulatedProvider?) {
    self.pool = pool
    self.simulator = simulator
  }

  package func charge(
    _ request: ChargeRequest, context: CallContext
  ) async throws(RPCError) -> ChargeResponse {
    let caller = try context.caller()
    let payment = try refusing { () throws(Rejection) in try PaymentRequest(request) }
    return try await pool.withReplica(for: payment.key.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.charge(payment, by: caller, context)
    }
  }

  package func getPayment(
    _ request: GetPaymentRequest, context: CallContext
  ) async throws(RPCError) -> GetPaymentResponse {
    let caller = try context.caller()
    let key = try refusing { () throws(Rejection) in try PaymentKey(request.paymentKey) }
    return try await pool.withReplica(for: key.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(key, by: caller)
    }
  }

  package func refund(
    _ request: RefundRequest, context: CallContext
  ) async throws(RPCError) -> RefundResponse {
    let caller = try context.caller()
    let (key, command) = try refusing { () throws(Rejection) in
      (try PaymentKey(request.paymentKey), try PaymentCommand(request))
    }
    return try await pool.withReplica(for: key.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.refund(command, of: key, by: caller, context)
    }
  }

  package func getSimulator(
    _ request: GetSimulatorRequest, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    SimulatorSettings(try simulator(for: context))
  }

  package func setSimulator(
    _ request: SimulatorSettings, context: CallContext
  ) async throws(RPCError) -> SimulatorSettings {
    let simulator = try simulator(for: context)
    guard request.declinePerMille <= 1000, request.unknownPerMille <= 1000,
      request.latencyMs <= 600_000, request.queue <= 100_000
    else {
      throw RPCError(
        code: .invalidArgument,
        message: "per mille are 0 to 1000, latency_ms is 0 to 600000, queue is 0 to 100000")
    }
    simulator.change(to: request.stored)
    return SimulatorSettings(simulator)
  }

  private func simulator(for context: CallContext) throws(RPCError) -> SimulatedProvider {
    guard try context.caller().role == .operator else {
      throw RPCError(code: .permissionDenied, message: "the simulator is for operators")
    }
    guard let simulator else {
      throw RPCError(code: .failedPrecondition, message: "payment runs on another provider")
    }
    return simulator
  }
}

extension PaymentRequest {
  fileprivate init(_ request: ChargeRequest) throws(Rejection) {
    guard let amount = try? Won(request.amountWon) else {
      throw Rejection(.invalid, "the amount is negative")
    }
    self.init(
      key: try PaymentKey(request.paymentKey), order: try OrderID(request.orderID),
      customer: try CustomerID(request.customerID), store: try StoreID(request.storeID),
      amount: amount, method: try PaymentMethod(request.paymentMethod))
  }
}

extension PaymentCommand {
  fileprivate init(_ request: RefundRequest) throws(Rejection) {
    guard let amount = try? Won(request.amountWon) else {
      throw Rejection(.invalid, "the amount is negative")
    }
    guard request.bearer == .store || request.bearer == .platform else {
      throw Rejection(.invalid, "say who bears the refund: store or platform")
    }
    self = .requestRefund(
      key: try RefundKey(request.refundKey), amount: amount, reason: request.reason,
      bearer: request.bearer.stored)
  }
}

extension SimulatorSettings {
  fileprivate init(_ simulator: SimulatedProvider) {
    let (settings, load) = (simulator.current, simulator.load)
    self.init(
      latencyMs: UInt32(clamping: settings.latency.wholeMs),
      capacity: UInt32(clamping: settings.capacity),
      declinePerMille: UInt32(clamping: settings.declinePerMille),
      unknownPerMille: UInt32(clamping: settings.unknownPerMille), down: settings.isDown,
      queue: UInt32(clamping: settings.queue), load: SimulatorLoad(load))
  }

  fileprivate var stored: SimulatedProvider.Settings {
    SimulatedProvider.Settings(
      latency: .milliseconds(Int64(latencyMs)), capacity: Int(capacity), queue: Int(queue),
      declinePerMille: Int(declinePerMille), unknownPerMille: Int(unknownPerMille), isDown: down)
  }
}

extension SimulatorLoad {
  fileprivate init(_ load: SimulatedProvider.Load) {
    self.init(
      underWay: UInt32(clamping: load.underWay), waiting: UInt32(clamping: load.waiting),
      underWayMax: UInt32(clamping: load.underWayMax),
      waitingMax: UInt32(clamping: load.waitingMax), charges: UInt64(clamping: load.charges),
      refused: UInt64(clamping: load.refused), approved: UInt64(clamping: load.approved),
      late: UInt64(clamping: load.late))
  }
}
