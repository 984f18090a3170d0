import Glibc

/// What a node says on standard output when it is ready: what listens where, what to type next.
enum Greeting {
  static func show(_ config: NodeConfig, port: Int) {
    let services = config.services.map(\.rawValue).sorted().joined(separator: ", ")
    let address = "\(config.listenHost):\(port)"
    let text = """
      baedal \(NodeVersion.text) is ready: \(services)
        listens on  \(address)  (length-prefixed protobuf over TCP, see proto/README.md)
        data in     \(config.dataDirectory)
      Next, in another terminal:
        make demo LISTEN=\(address)    or    .build/release/baedal demo --connect \(address)
      Ctrl-C drains and stops.

      """
    print(text, terminator: "")
    fflush(nil)
  }
}
