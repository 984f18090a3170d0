import Domain
package import Messages
package import Transport

extension DeliveryService {
  /// Only a registered rider can take a delivery; every later step is only for who took it.
  package func claimDelivery(
    _ request: DeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    let caller = try context.caller()
    let rider = try refusing { () throws(Rejection) in try RiderID(request.riderID) }
    _ = try await riders.withReplica(for: rider.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.state(of: rider, for: caller)
    }
    return try await step(request, context) { .claim(rider: $0) }
  }

  package func declineOffer(
    _ request: DeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    try await step(request, context) { .declineOffer(rider: $0) }
  }

  package func startDelivery(
    _ request: DeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    try await step(request, context) { .start(rider: $0) }
  }

  package func pickUp(
    _ request: DeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    try await step(request, context) { .pickUp(rider: $0) }
  }

  package func completeDelivery(
    _ request: DeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    try await step(request, context) { .complete(rider: $0) }
  }

  package func getDelivery(
    _ request: GetDeliveryRequest, context: CallContext
  ) async throws(RPCError) -> DeliveryResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try OrderID(request.orderID) }
    return try await deliveries.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: caller)
    }
  }

  private func step(
    _ request: DeliveryRequest, _ context: CallContext, _ command: (RiderID) -> DeliveryCommand
  ) async throws(RPCError) -> DeliveryResponse {
    let caller = try context.caller()
    let (id, rider) = try refusing { () throws(Rejection) in
      (try OrderID(request.orderID), try RiderID(request.riderID))
    }
    let command = command(rider)
    let cause = CommandCause(context, correlationID: id.rawValue)
    return try await deliveries.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: caller, cause: cause)
    }
  }
}
