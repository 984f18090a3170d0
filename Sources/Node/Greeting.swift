import Glibc
import NIOCore

/// What a node says on standard output when it is ready: what listens where, what to type next.
enum Greeting {
  /// - Parameter http: where probes are answered; nil for nowhere.
  static func show(_ config: NodeConfig, port: Int, http: SocketAddress? = nil) {
    let services = config.services.map(\.rawValue).sorted().joined(separator: ", ")
    let address = "\(config.listenHost):\(port)"
    let probes = http.flatMap { http -> String? in
      guard let ip = http.ipAddress, let port = http.port else { return nil }
      let host = ip.contains(":") ? "[\(ip)]" : ip
      return "\n  probes on   http://\(host):\(port)/livez, /readyz, /startupz"
    }
    let make = config.tls.servesTLS ? "" : "make demo LISTEN=\(address)    or    "
    let tls = config.tls.servesTLS ? ", TLS" : ""
    let trust = config.tls.servesTLS ? " --tls-ca \(authority(config))" : ""
    let text = """
      baedal \(NodeVersion.text) is ready: \(services)
        listens on  \(address)  (length-prefixed protobuf over TCP\(tls), see proto/README.md)
        data in     \(config.dataDirectory)\(probes ?? "")
      Next, in another terminal:
        \(make).build/release/baedal demo --connect \(address)\(trust)
      Ctrl-C drains and stops.

      """
    print(text, terminator: "")
    fflush(nil)
  }

  /// Whom a caller may trust, as far as this node's own file says.
  private static func authority(_ config: NodeConfig) -> String {
    config.tls.caFile.isEmpty ? "FILE" : config.tls.caFile
  }
}
