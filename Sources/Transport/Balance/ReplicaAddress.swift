import NIOCore

/// Where one replica of a service listens.
package struct ReplicaAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IP address, or a name that stands for one or several.
  package let host: String
  package let port: Int
  /// The name that `host` was resolved from: what TLS knows the replica by.
  package let name: String?

  package init(host: String, port: Int, name: String? = nil) {
    self.host = host
    self.port = port
    self.name = name
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether `host` has to be looked up.
  package var isName: Bool { (try? SocketAddress(ipAddress: host, port: 0)) == nil }
}
