/// A method that answers one request with one response.
package struct UnaryMethod<Request: Message, Response: Message>: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  package let path: String

  package init(path: String) { self.path = path }
}

/// A method that answers one request with a stream of responses.
package struct ServerStreamMethod<Request: Message, Response: Message>: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/WatchOrder`.
  package let path: String

  package init(path: String) { self.path = path }
}

/// A method as a generic client sees it.
package struct MethodInfo: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  package let path: String
  /// Full name of the request message.
  package let input: String
  /// Full name of the response message.
  package let output: String
  /// Whether the response is a stream.
  package let isServerStreaming: Bool

  /// Full name of the service.
  package var service: String { String(path.prefix { $0 != "/" }) }
  /// Name of the method within the service.
  package var name: String { String(path.drop { $0 != "/" }.dropFirst()) }
}
