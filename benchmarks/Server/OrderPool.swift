import Messages
import Transport

/// A service that does nothing but answer, with a seat on each event loop as the real services have:
/// a call is served where it came in.
struct OrderPool: Sendable {
  private let seats: [OrderReplica]

  init(_ loops: [LoopExecutor]) { seats = loops.map(OrderReplica.init) }

  var here: OrderReplica { seats[(LoopExecutor.currentNumber ?? 0) % seats.count] }
}

actor OrderReplica {
  nonisolated let executor: LoopExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  private var version: Int64 = 0

  init(_ executor: LoopExecutor) { self.executor = executor }

  func place(_ request: PlaceOrderRequest) -> PlaceOrderResponse {
    version = version & 1 + 1
    return PlaceOrderResponse(
      order: Order(
        orderID: request.idempotencyKey, customerID: request.customerID, state: .placed,
        totalWon: 21_900, paid: true, version: version))
  }
}
