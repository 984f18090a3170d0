import Glibc
import NIOPosix

/// Says which addresses a name stands for. Handed in, so that a test owns what names mean.
public struct AddressResolver: Sendable {
  /// The IP addresses of a host, in any order; throws when it cannot be told.
  public let resolve: @Sendable (_ host: String) async throws -> [String]

  public init(_ resolve: @escaping @Sendable (_ host: String) async throws -> [String]) {
    self.resolve = resolve
  }

  /// The system's own (getaddrinfo), on a thread that may block.
  public static let system = AddressResolver { host in
    try await NIOThreadPool.singleton.runIfActive { try lookUp(host) }
  }

  private static func lookUp(_ host: String) throws -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &first)
    guard code == 0 else {
      let reason = String(cString: gai_strerror(code))
      throw RPCError(
        code: .unavailable, message: "cannot resolve \(host): \(reason)", unprocessed: true)
    }
    defer { freeaddrinfo(first) }
    var found: [String] = []
    var next = first
    while let entry = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = socklen_t(text.count)
      if getnameinfo(
        entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST)
        == 0
      {
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        found.append(String(decoding: bytes, as: UTF8.self))
      }
      next = entry.pointee.ai_next
    }
    return found
  }
}
