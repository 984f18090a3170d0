/// A method that answers one request with one response.
public struct UnaryMethod<Request: Message, Response: Message>: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  public let path: String

  public init(path: String) { self.path = path }
}

/// A method that answers one request with a stream of responses.
public struct ServerStreamMethod<Request: Message, Response: Message>: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/WatchOrder`.
  public let path: String

  public init(path: String) { self.path = path }
}

/// A method as a generic client sees it.
public struct MethodInfo: Hashable, Sendable {
  /// Full name of service and method, such as `baedal.order.v1.OrderService/PlaceOrder`.
  public let path: String
  /// Full name of the request message.
  public let input: String
  /// Full name of the response message.
  public let output: String
  /// Whether the response is a stream.
  public let isServerStreaming: Bool

  /// Full name of the service.
  public var service: String { String(path.prefix { $0 != "/" }) }
  /// Name of the method within the service.
  public var name: String { String(path.drop { $0 != "/" }.dropFirst()) }
}
