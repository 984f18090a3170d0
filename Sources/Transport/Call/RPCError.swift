/// Why a call did not succeed: the one error type of this layer.
package struct RPCError: Error, Sendable {
  /// Never `ok`.
  package var code: StatusCode
  /// For people; programs look at `code` and `details`.
  package var message: String
  /// Typed facts beside the message, in the order the server gave them.
  package var details: [ErrorDetail]
  /// How long to wait before asking again, if the answering side said so.
  package var retryAfter: Duration?
  /// Nothing of the call was begun, so sending it again cannot do it twice.
  package var unprocessed: Bool
  /// What led here on this side. It does not travel.
  package var cause: (any Error)?

  package init(
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
  package init(wrapping error: any Error) {
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
package struct ErrorDetail: Sendable, Hashable {
  /// The message's full name, such as `baedal.order.v1.PriceChanged`.
  package var typeURL: String
  /// The message, serialized.
  package var bytes: [UInt8]

  package init(typeURL: String, bytes: [UInt8]) {
    self.typeURL = typeURL
    self.bytes = bytes
  }
}

extension RPCError: CustomStringConvertible {
  package var description: String {
    message.isEmpty ? code.name : "\(code.name): \(message)"
  }
}
