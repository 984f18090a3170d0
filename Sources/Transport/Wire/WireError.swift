/// A peer broke the protocol. The connection ends with a go-away that says so.
struct WireError: Error, Sendable, Hashable {
  var code: StatusCode
  var message: String

  /// Something the grammar or the state of the connection does not allow.
  static func violation(_ message: String) -> WireError {
    WireError(code: .invalidArgument, message: message)
  }

  /// Where a frame was to come, TLS began: one side speaks it and the other does not.
  static let tlsRecord = violation("TLS where plain frames were to come")

  var error: RPCError { RPCError(code: code, message: message) }
}
