import Transport

/// The settings of each peer: `peers.NAME.address` (or `addresses`) and `peers.NAME.services`.
/// Their names are the file's own, so they stand in no table.
enum PeerSetting {
  static let group = "peers"
  /// A name is one part of a dotted key.
  static let name = TextRule(expected: "1 to 63 letters, digits or dashes") { text in
    TextRule.name.accepts(text) && !text.contains(".")
  }

  /// The settings of the peer of that name; they go to the first peer of a configuration.
  static func settings(of name: String) -> [Setting] {
    [
      Setting(
        key: "\(group).\(name).address",
        doc: "Where the other node listens; a name may stand for several.",
        expected: "HOST:PORT", shape: .scalar,
        read: { config in
          let addresses = config.peers.first?.addresses ?? []
          return Setting.quoted(addresses.count == 1 ? addresses[0].description : "")
        },
        write: { config, texts in
          guard texts.count == 1, let address = address(texts[0]), !config.peers.isEmpty else {
            return false
          }
          config.peers[0].addresses = [address]
          return true
        }),
      Setting(
        key: "\(group).\(name).addresses", doc: "Where each of its replicas listens.",
        expected: "a list of 1 to \(BalancePolicy.replicasMax) HOST:PORT, each once",
        shape: .list,
        read: { config in
          let addresses = config.peers.first?.addresses ?? []
          guard addresses.count > 1 else { return "[]" }
          return "[" + addresses.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        },
        write: { config, texts in
          let addresses = texts.compactMap(address)
          guard !texts.isEmpty, addresses.count == texts.count,
            Set(addresses).count == texts.count, texts.count <= BalancePolicy.replicasMax,
            !config.peers.isEmpty
          else { return false }
          config.peers[0].addresses = addresses
          return true
        }),
      .choices("\(group).\(name).services", \.firstPeerServices, "What it runs."),
    ]
  }

  /// The settings that a file has of that peer: one address, or several.
  static func written(of peer: NodeConfig.Peer) -> [Setting] {
    let other = peer.addresses.count > 1 ? "address" : "addresses"
    return settings(of: peer.name).filter { $0.key != "\(group).\(peer.name).\(other)" }
  }

  /// The setting with that dotted name, and whose it is; nil when it is none of a peer's.
  static func named(_ key: String) -> (peer: String, setting: Setting)? {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0] == group,
      let setting = settings(of: parts[1]).first(where: { $0.key == key })
    else { return nil }
    return (parts[1], setting)
  }

  /// `HOST:PORT`, an IPv6 address in brackets; nil when it is not so.
  private static func address(_ text: String) -> ReplicaAddress? {
    guard let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
    else { return nil }
    let host = text[..<colon].trimmingPrefix("[")
    let bare = host.hasSuffix("]") ? String(host.dropLast()) : String(host)
    return TextRule.host.accepts(bare) ? ReplicaAddress(host: bare, port: port) : nil
  }
}

extension ServiceName {
  /// Whether nodes of ours may run it more than once: those that keep no journal.
  var mayRunOften: Bool { self == .dashboard }
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
        if let other = owners[service], !service.mayRunOften {
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
