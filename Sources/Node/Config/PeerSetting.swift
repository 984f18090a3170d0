/// The settings of each peer: `peers.NAME.address` and `peers.NAME.services`. Their names are the
/// file's own, so they stand in no table.
enum PeerSetting {
  static let group = "peers"
  /// A name is one part of a dotted key.
  static let name = TextRule(expected: "1 to 63 letters, digits or dashes") { text in
    TextRule.name.accepts(text) && !text.contains(".")
  }

  /// The two settings of the peer of that name; they go to the first peer of a configuration.
  static func settings(of name: String) -> [Setting] {
    [
      Setting(
        key: "\(group).\(name).address", doc: "Where the other node listens.",
        expected: "HOST:PORT", shape: .scalar,
        read: { $0.peers.first.map { "\($0.host):\($0.port)" } ?? "" },
        write: { config, texts in
          guard texts.count == 1, let colon = texts[0].lastIndex(of: ":"), !config.peers.isEmpty,
            let port = Int(texts[0][texts[0].index(after: colon)...]), (1...65_535).contains(port)
          else { return false }
          let host = texts[0][..<colon].trimmingPrefix("[")
          let bare = host.hasSuffix("]") ? String(host.dropLast()) : String(host)
          guard TextRule.host.accepts(bare) else { return false }
          config.peers[0].host = bare
          config.peers[0].port = port
          return true
        }),
      .choices("\(group).\(name).services", \.firstPeerServices, "What it runs."),
    ]
  }

  /// The setting with that dotted name; nil when it is none of a peer's.
  static func named(_ key: String) -> Setting? {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == group else { return nil }
    return settings(of: String(parts[1])).first { $0.key == key }
  }
}

extension NodeConfig {
  fileprivate var firstPeerServices: Set<ServiceName> {
    get { peers.first?.services ?? [] }
    set { if !peers.isEmpty { peers[0].services = newValue } }
  }

  /// Throws when the peers and this node cannot work together: whatever keeps a journal is run
  /// once, and no order is taken where nobody takes the money.
  func checkPeers(in source: String) throws(ConfigError) {
    var owners: [ServiceName: String] = [:]
    for service in services { owners[service] = "this node" }
    for peer in peers {
      for service in peer.services.sorted(by: { $0.rawValue < $1.rawValue }) {
        if let other = owners[service] {
          throw ConfigError(
            .badValue, in: source, key: "\(PeerSetting.group).\(peer.name).services",
            "\(service.rawValue) is run by \(other) already; each service has one owner")
        }
        owners[service] = "peer \(peer.name)"
      }
    }
    if services.contains(.order), owners[.payment] == nil {
      throw ConfigError(
        .badValue, in: source, key: "node.services",
        "order needs payment, which neither this node nor a peer runs")
    }
  }
}
