/// A peer broke the protocol. The connection ends with a go-away that says so.
struct WireError: Error, Sendable, Hashable {
  var code: StatusCode
  var message: String

  /// Something the grammar or the state of the connection does not allow.
  static func violation(_ message: String) -> WireError {
    WireError(code: .invalidArgument, message: message)
  }

  var error: RPCError { RPCError(code: code, message: message) }
}
