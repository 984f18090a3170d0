import NIOSSL

/// Why TLS did not come about on a connection, as far as BoringSSL tells.
enum TLSFailure: Hashable {
  /// The other side does not speak TLS.
  case plainBytes
  /// Its certificate is not of an authority known here, or does not hold now.
  case untrusted
  /// Its certificate names another host.
  case wrongName
  /// It did not take this side's certificate, or wanted one; with the alert's name.
  case refused(String)
  /// No version of TLS in common.
  case version
  /// It hung up meanwhile.
  case ended
  /// With BoringSSL's name for it.
  case other(String)

  /// nil if the error does not come from TLS.
  init?(_ error: any Error) {
    switch error {
    case NIOSSLError.handshakeFailed(let cause): self.init(reason: Self.reason(cause))
    case NIOSSLError.uncleanShutdown: self = .ended
    case let error as BoringSSLError: self.init(reason: Self.reason(error))
    case let error as NIOSSLError: self = .other("\(error)")
    case let error as NIOSSLExtraError:
      let isName = [.failedToValidateHostname, .serverHostnameImpossibleToMatch].contains(error)
      self = isName ? .wrongName : .other("\(error)")
    default: return nil
    }
  }

  private init(reason: String) {
    switch reason {
    case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST": self = .plainBytes
    case "CERTIFICATE_VERIFY_FAILED": self = .untrusted
    case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION": self = .version
    case "EOF during handshake": self = .ended
    case _ where Self.isAboutCertificates(reason): self = .refused(reason)
    default: self = .other(reason)
    }
  }

  /// Alerts by which a server says what it thinks of a client's certificate (RFC 8446, 6.2).
  private static func isAboutCertificates(_ reason: String) -> Bool {
    reason.contains("_ALERT_")
      && ["CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"].contains { reason.contains($0) }
  }

  /// BoringSSL's name for what went wrong first, such as `WRONG_VERSION_NUMBER`. It comes within
  /// "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at FILE:LINE".
  private static func reason(_ error: BoringSSLError) -> String {
    guard case .sslError(let stack) = error, let first = stack.first else { return "\(error)" }
    var text = Substring(first.description)
    if let start = text.firstRange(of: "OPENSSL_internal:") { text = text[start.upperBound...] }
    if let end = text.firstRange(of: " at ") { text = text[..<end.lowerBound] }
    return text.contains("EOF during handshake") ? "EOF during handshake" : String(text)
  }
}

extension TLSFailure {
  /// For the log of a server. nil for what is not worth a line: somebody connected and left.
  var seenByServer: RPCError? {
    switch self {
    case .ended: nil
    case .plainBytes:
      RPCError(code: .invalidArgument, message: "plain bytes on a port that speaks TLS")
    case .untrusted:
      RPCError(
        code: .unauthenticated,
        message: "the client's certificate is of an authority not known here, or does not hold now")
    case .refused(let alert):
      RPCError(
        code: .invalidArgument, message: "the client does not take this certificate: \(alert)")
    case .version:
      RPCError(code: .invalidArgument, message: "no version of TLS in common")
    case .wrongName, .other:
      RPCError(code: .invalidArgument, message: "TLS: \(words)")
    }
  }

  /// For the caller behind a client. `expired` is whether the server's certificate is over.
  func seenByClient(expired: Bool, cause: (any Error)?) -> RPCError {
    let message =
      switch self {
      case .plainBytes: "the server does not speak TLS"
      case .untrusted where expired: "the server's certificate has expired"
      case .untrusted: "the server's certificate is not of an authority trusted here"
      case .wrongName: "the server's certificate is for another host"
      case .refused(let alert): "the server does not accept this client's certificate: \(alert)"
      case .version: "no version of TLS in common with the server"
      case .ended: "the connection was closed"
      case .other: "TLS failed: \(words)"
      }
    var code = StatusCode.unavailable
    if case .refused = self { code = .unauthenticated }
    return RPCError(code: code, message: message, cause: cause)
  }

  private var words: String {
    if case .other(let reason) = self { reason } else { "\(self)" }
  }
}

extension RPCError {
  /// A client without TLS has met a server that speaks it.
  public static let serverSpeaksTLS = RPCError(
    code: .unavailable, message: "the server speaks TLS, and this client does not")
}
