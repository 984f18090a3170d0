/// Why a call did not succeed: the one error type of this layer.
public struct RPCError: Error, Sendable {
  /// Never `ok`.
  public var code: StatusCode
  /// For people; programs look at `code` and `details`.
  public var message: String
  /// Typed facts beside the message, in the order the server gave them.
  public var details: [ErrorDetail]
  /// How long to wait before asking again, if the answering side said so.
  public var retryAfter: Duration?
  /// Nothing of the call was begun, so sending it again cannot do it twice.
  public var unprocessed: Bool
  /// What led here on this side. It does not travel.
  public var cause: (any Error)?

  public init(
    code: StatusCode, message: String, details: [ErrorDetail] = [],
    retryAfter: Duration? = nil, unprocessed: Bool = false, cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.retryAfter = retryAfter
    self.unprocessed = unprocessed
    self.cause = cause
  }

  /// The error for anything thrown: itself if it is one, `cancelled` for a
  /// `CancellationError`, else `internal` with the cause kept on this side only.
  public init(wrapping error: any Error) {
    if let known = error as? RPCError {
      self = known
    } else if error is CancellationError {
      self.init(code: .cancelled, message: "cancelled", cause: error)
    } else {
      self.init(code: .internal, message: "internal error", cause: error)
    }
  }
}

/// A message of any type beside a status.
public struct ErrorDetail: Sendable, Hashable {
  /// The message's full name, such as `baedal.order.v1.PriceChanged`.
  public var typeURL: String
  /// The message, serialized.
  public var bytes: [UInt8]

  public init(typeURL: String, bytes: [UInt8]) {
    self.typeURL = typeURL
    self.bytes = bytes
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String {
    message.isEmpty ? code.name : "\(code.name): \(message)"
  }
}
