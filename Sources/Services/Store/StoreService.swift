import Domain
package import Messages
package import Transport

/// Takes calls for stores and tickets to the replicas that own them.
package struct StoreService: StoreServiceProtocol {
  package let stores: ReplicaPool<StoreReplica>
  package let tickets: ReplicaPool<TicketReplica>

  package init(stores: ReplicaPool<StoreReplica>, tickets: ReplicaPool<TicketReplica>) {
    self.stores = stores
    self.tickets = tickets
  }

  package func registerStore(
    _ request: RegisterStoreRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    let details = try refusing { () throws(Rejection) in
      try Domain.StoreDetails(request.details)
    }
    return try await change(details.id, context) { () throws(Rejection) in .register(details) }
  }

  package func changeStore(
    _ request: ChangeStoreRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    let details = try refusing { () throws(Rejection) in
      try Domain.StoreDetails(request.details)
    }
    return try await change(details.id, context) { () throws(Rejection) in
      .changeProfile(details)
    }
  }

  package func putMenuItem(
    _ request: PutMenuItemRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    try await change(request.storeID, context) { () throws(Rejection) in
      .putMenuItem(try Domain.MenuItem(request.item))
    }
  }

  package func removeMenuItem(
    _ request: RemoveMenuItemRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    try await change(request.storeID, context) { () throws(Rejection) in
      .removeMenuItem(try MenuItemID(request.itemID))
    }
  }

  package func setSoldOut(
    _ request: SetSoldOutRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    try await change(request.storeID, context) { () throws(Rejection) in
      let item = try MenuItemID(request.itemID)
      return request.soldOut ? .markSoldOut(item) : .restock(item)
    }
  }

  package func pauseStore(
    _ request: PauseStoreRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    try await change(request.storeID, context) { () throws(Rejection) in
      .pause(reason: request.reason)
    }
  }

  package func resumeStore(
    _ request: ResumeStoreRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    try await change(request.storeID, context) { () throws(Rejection) in .resume }
  }

  /// Open to everyone: a customer reads the menu before being anybody.
  package func getStore(
    _ request: GetStoreRequest, context: CallContext
  ) async throws(RPCError) -> StoreResponse {
    let id = try refusing { () throws(Rejection) in try StoreID(request.storeID) }
    return try await stores.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.get(id)
    }
  }

  private func change(
    _ id: String, _ context: CallContext, _ command: () throws(Rejection) -> StoreProfileCommand
  ) async throws(RPCError) -> StoreResponse {
    let id = try refusing { () throws(Rejection) in try StoreID(id) }
    return try await change(id, context, command)
  }

  private func change(
    _ id: StoreID, _ context: CallContext, _ command: () throws(Rejection) -> StoreProfileCommand
  ) async throws(RPCError) -> StoreResponse {
    let caller = try context.caller()
    let command = try refusing(command)
    let cause = CommandCause(context, correlationID: id.rawValue)
    return try await stores.withReplica(for: id.rawValue, .call(context)) {
      (replica) throws(RPCError) in
      try await replica.perform(command, on: id, by: caller, cause: cause)
    }
  }
}
