import Domain
package import Messages
package import Transport

/// Takes calls for riders and deliveries to the replicas that own them.
package struct DeliveryService: DeliveryServiceProtocol {
  package let deliveries: ReplicaPool<DeliveryReplica>
  package let riders: ReplicaPool<RiderReplica>
  package let dispatcher: Dispatcher

  /// Deliveries listed when the caller does not say how many.
  static let listDefault = 50
  /// The most deliveries listed at once.
  static let listMax = 200

  package init(
    deliveries: ReplicaPool<DeliveryReplica>, riders: ReplicaPool<RiderReplica>,
    dispatcher: Dispatcher
  ) {
    self.deliveries = deliveries
    self.riders = riders
    self.dispatcher = dispatcher
  }

  package func registerRider(
    _ request: RegisterRiderRequest, context: CallContext
  ) async throws(RPCError) -> RiderResponse {
    let profile = try refusing { () throws(Rejection) in
      try Domain.RiderProfile(request.profile)
    }
    return try await change(profile.id.rawValue, .register(profile), context)
  }

  package func goOnline(
    _ request: RiderRequest, context: CallContext
  ) async throws(RPCError) -> RiderResponse {
    try await change(request.riderID, .goOnline, context)
  }

  package func goOffline(
    _ request: RiderRequest, context: CallContext
  ) async throws(RPCError) -> RiderResponse {
    try await change(request.riderID, .goOffline, context)
  }

  package func getRider(
    _ request: RiderRequest, context: CallContext
  ) async throws(RPCError) -> RiderResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try RiderID(request.riderID) }
    return try await riders.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(id, by: caller)
    }
  }

  package func listDeliveries(
    _ request: ListDeliveriesRequest, context: CallContext
  ) async throws(RPCError) -> ListDeliveriesResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try RiderID(request.riderID) }
    let rider = try await riders.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.state(of: id, for: caller)
    }
    let limit = request.limit == 0 ? Self.listDefault : min(Int(request.limit), Self.listMax)
    let visible = await dispatcher.visible(
      to: id, areas: rider.profile?.areas ?? [], limit: limit)
    return ListDeliveriesResponse(
      deliveries: visible.map { Messages.Delivery($0, for: caller) })
  }

  private func change(
    _ id: String, _ command: RiderCommand, _ context: CallContext
  ) async throws(RPCError) -> RiderResponse {
    let caller = try context.caller()
    let id = try refusing { () throws(Rejection) in try RiderID(id) }
    let cause = CommandCause(context, correlationID: id.rawValue)
    return try await riders.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: caller, cause: cause)
    }
  }
}
