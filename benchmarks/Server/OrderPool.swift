import Messages
import NIOCore

/// Replicas of a service that does nothing but answer, one on each event loop, keyed as the real
/// services are: a call crosses threads at most once.
struct OrderPool: Sendable {
  private let replicas: [OrderReplica]

  init(group: any EventLoopGroup) {
    replicas = group.makeIterator().map(OrderReplica.init)
  }

  func replica(for key: String) -> OrderReplica {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var key = key
    key.withUTF8 { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    return replicas[Int(hash % UInt64(replicas.count))]
  }
}

actor OrderReplica {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private var version: Int64 = 0

  init(eventLoop: any EventLoop) {
    unownedExecutor = eventLoop.executor.asUnownedSerialExecutor()
  }

  func place(_ request: PlaceOrderRequest) -> PlaceOrderResponse {
    version = version & 1 + 1
    return PlaceOrderResponse(
      order: Order(
        orderID: request.idempotencyKey, customerID: request.customerID, state: .placed,
        totalWon: 21_900, paid: true, version: version))
  }
}
