import GRPCCore
import GRPCProtobuf
import SwiftProtobuf

/// `baedal.order.v1.OrderService` as far as the benchmark calls it, registered as grpc-swift's
/// generated code does it. It answers at once.
struct OrderService: RegistrableRPCService {
  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    let service = ServiceDescriptor(fullyQualifiedService: "baedal.order.v1.OrderService")
    router.registerHandler(
      forMethod: MethodDescriptor(service: service, method: "PlaceOrder"),
      deserializer: ProtobufDeserializer<Baedal_Order_V1_PlaceOrderRequest>(),
      serializer: ProtobufSerializer<Baedal_Order_V1_PlaceOrderResponse>(),
      handler: { request, context in
        let single = try await ServerRequest(stream: request)
        return StreamingServerResponse(
          single: ServerResponse(message: placeOrder(single.message)))
      })
  }
}

private func placeOrder(
  _ request: Baedal_Order_V1_PlaceOrderRequest
) -> Baedal_Order_V1_PlaceOrderResponse {
  .with {
    $0.order = .with {
      $0.orderID = request.idempotencyKey
      $0.customerID = request.customerID
      $0.state = .placed
      $0.totalWon = 21_900
      $0.paid = true
      $0.version = 2
    }
  }
}
