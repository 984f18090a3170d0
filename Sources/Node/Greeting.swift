import Glibc
import NIOCore
import Transport

/// What a node says on standard output when it is ready: what listens where, what to type next.
enum Greeting {
  /// - Parameter http: where probes are answered; nil for nowhere.
  static func show(_ config: NodeConfig, port: Int, http: SocketAddress? = nil) {
    print(text(config, port: port, http: http), terminator: "")
    fflush(nil)
  }

  static func text(_ config: NodeConfig, port: Int, http: SocketAddress? = nil) -> String {
    let services = config.services.map(\.rawValue).sorted().joined(separator: ", ")
    let address = ReplicaAddress(host: config.listenHost, port: port)
    let probes = http.flatMap { http -> String? in
      guard let ip = http.ipAddress, let port = http.port else { return nil }
      let address = ReplicaAddress(host: ip, port: port)
      return "\n  probes on   http://\(address)/livez, /readyz, /startupz"
    }
    let make = config.tls.servesTLS ? "" : "make demo LISTEN=\(address)    or    "
    let tls = config.tls.servesTLS ? ", TLS" : ""
    let trust = config.tls.servesTLS ? " --tls-ca \(authority(config))" : ""
    return """
      baedal \(NodeVersion.text) is ready: \(services)
        listens on  \(address)  (length-prefixed protobuf over TCP\(tls), see proto/README.md)
        data in     \(config.dataDirectory)\(probes ?? "")
      Next, in another terminal:
        \(make).build/release/baedal demo --connect \(address)\(trust)
      Ctrl-C drains and stops.

      """
  }

  /// Whom a caller may trust, as far as this node's own file says.
  private static func authority(_ config: NodeConfig) -> String {
    config.tls.caFile.isEmpty ? "FILE" : config.tls.caFile
  }
}
