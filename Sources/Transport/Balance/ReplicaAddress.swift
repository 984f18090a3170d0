import NIOCore

/// Where one replica of a service listens.
public struct ReplicaAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IP address, or a name that stands for one or several.
  public let host: String
  public let port: Int
  /// The name that `host` was resolved from: what TLS knows the replica by.
  public let name: String?

  public init(host: String, port: Int, name: String? = nil) {
    self.host = host
    self.port = port
    self.name = name
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether `host` has to be looked up.
  public var isName: Bool { (try? SocketAddress(ipAddress: host, port: 0)) == nil }
}
