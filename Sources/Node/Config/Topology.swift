import Transport

/// The files of all nodes, looked at together: whether they can work with each other.
package struct Topology {
  /// One node's file.
  package struct Member {
    package let file: String
    package let config: NodeConfig

    package init(file: String, config: NodeConfig) {
      self.file = file
      self.config = config
    }
  }

  private let members: [Member]

  package init(_ members: [Member]) { self.members = members }

  /// What cannot work, each in one line that names the file and the key; empty when all can.
  package var problems: [ConfigError] {
    clashes("is the name of the node of", Self.names, { $0 == $1 })
      + clashes("is where a node listens already, that of", Self.ports, { $0.clashes(with: $1) })
      + clashes(
        "is where a node keeps its data already, that of", Self.directories,
        { $0.clashes(with: $1) })
      + ownership + strangers
  }

  /// Something of a node that no other may have, where its file says so.
  private typealias Claim<Value> = (key: String, value: Value, text: String)

  private static func names(_ config: NodeConfig) -> [Claim<String>] {
    [("node.name", config.nodeName, config.nodeName)]
  }

  private static func ports(_ config: NodeConfig) -> [Claim<ClaimedPort>] {
    let http = HTTPAddress(config.http.address)
    return [
      ("listen.port", config.listenHost, config.listenPort),
      ("http.address", http?.host ?? "", http?.port ?? 0),
    ]
    // A free port is nobody's.
    .filter { $0.2 != 0 }
    .map { ($0.0, ClaimedPort(host: $0.1, port: $0.2), "\($0.1):\($0.2)") }
  }

  private static func directories(_ config: NodeConfig) -> [Claim<ClaimedDirectory>] {
    let claimed = ClaimedDirectory(
      machine: ClaimedMachine(config.listenHost), directory: config.dataDirectory)
    return [("data.directory", claimed, config.dataDirectory)]
  }

  /// What two files claim, or one of them twice.
  private func clashes<Value>(
    _ text: String, _ claims: (NodeConfig) -> [Claim<Value>], _ clash: (Value, Value) -> Bool
  ) -> [ConfigError] {
    var earlier: [(file: String, value: Value)] = []
    var problems: [ConfigError] = []
    for member in members {
      for claim in claims(member.config) {
        if let other = earlier.first(where: { clash($0.value, claim.value) }) {
          problems.append(
            ConfigError(
              .badValue, in: member.file, key: claim.key, "'\(claim.text)' \(text) \(other.file)"))
        }
        earlier.append((member.file, claim.value))
      }
    }
    return problems
  }

  /// Every service that has a journal is run once.
  private var ownership: [ConfigError] {
    var owners: [ServiceName: String] = [:]
    var problems: [ConfigError] = []
    for member in members {
      for service in ServiceName.allCases where member.config.services.contains(service) {
        let other = owners.updateValue(member.file, forKey: service)
        if let other, !service.mayRunOften {
          problems.append(
            ConfigError(
              .badValue, in: member.file, key: "node.services",
              "\(service.rawValue) is run by \(other) too, and one journal has one owner"))
        }
      }
    }
    for service in ServiceName.allCases where owners[service] == nil {
      problems.append(
        ConfigError(
          .badValue, in: members.map(\.file).joined(separator: ", "), key: "node.services",
          "nobody runs \(service.rawValue)"))
    }
    return problems
  }

  /// Peers that are not there, and peers that a node needs and does not know.
  private var strangers: [ConfigError] {
    members.flatMap { member in
      let known = member.config.peers.reduce(into: member.config.services) {
        $0.formUnion($1.services)
      }
      let missing = ServiceName.allCases.filter { service in
        !known.contains(service) && members.contains { $0.config.services.contains(service) }
      }
      return member.config.peers.flatMap { peer in
        peer.addresses.flatMap { check($0, of: peer, member) }
      }
        + missing.map { service in
          ConfigError(
            .badValue, in: member.file, key: "peers",
            "no peer runs \(service.rawValue), which this node does not run either")
        }
    }
  }

  private func check(
    _ address: ReplicaAddress, of peer: NodeConfig.Peer, _ member: Member
  ) -> [ConfigError] {
    let key = "peers.\(peer.name)"
    guard let found = listener(on: address, for: member) else {
      return [
        ConfigError(
          .badValue, in: member.file,
          key: peer.addresses.count > 1 ? "\(key).addresses" : "\(key).address",
          "no node of these files listens on \(address)")
      ]
    }
    let absent = ServiceName.allCases.filter {
      peer.services.contains($0) && !found.config.services.contains($0)
    }
    return absent.map {
      ConfigError(
        .badValue, in: member.file, key: "\(key).services",
        "\(found.file) does not run \($0.rawValue)" + round(member, found, $0))
    } + strangersInTLS(member, found)
  }

  private func listener(on address: ReplicaAddress, for member: Member) -> Member? {
    members.first { other in
      other.file != member.file && other.config.listenPort == address.port
        && Self.mayBe(other.config.listenHost, address.host)
    }
  }

  /// Says so when calls for a service would be passed on from node to node and come back.
  private func round(_ first: Member, _ second: Member, _ service: ServiceName) -> String {
    var way = [first.file]
    var next: Member? = second
    while let member = next, !member.config.services.contains(service) {
      if way.contains(member.file) {
        return ", and calls for it go round: " + (way + [member.file]).joined(separator: " → ")
      }
      way.append(member.file)
      let address = member.config.peers.first { $0.services.contains(service) }?.addresses.first
      next = address.flatMap { listener(on: $0, for: member) }
    }
    return ""
  }

  /// Whether the address that a peer is called by can be the one that a node listens on. A name
  /// can stand for any.
  private static func mayBe(_ listening: String, _ called: String) -> Bool {
    let isName = called.contains { $0.isLetter } && !called.contains(":")
    return listening == called || isName || ["0.0.0.0", "::"].contains(listening)
  }
}
