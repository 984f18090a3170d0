/// Several nodes that know each other, each with some of the services and a place of its own.
final class Cluster: Sendable {
  struct Member: Sendable {
    let site: Site
    let port: Int
    let config: String
  }

  let members: [String: Member]

  /// - Parameters:
  ///   - layout: the services that each node runs, by its name.
  ///   - config: beside what every node has.
  ///   - certificates: with them every node speaks TLS and shows its own to the others.
  init(
    _ layout: [String: [String]], config: String = "", certificates: TestCertificates? = nil
  ) throws {
    let names = layout.keys.sorted()
    let ports = Dictionary(uniqueKeysWithValues: zip(names, try freePorts(names.count)))
    func services(_ name: String) -> String { (layout[name] ?? []).joined(separator: ", ") }
    var members: [String: Member] = [:]
    for name in names {
      let peers = names.filter { $0 != name }.map { peer in
        "  \(peer): {address: 127.0.0.1:\(ports[peer] ?? 0), services: [\(services(peer))]}"
      }
      members[name] = Member(
        site: try Site(), port: ports[name] ?? 0,
        config: """
          node: {name: \(name), services: [\(services(name))]}
          peers:
          \(peers.joined(separator: "\n"))
          \(config)
          \(try certificates?.config(name) ?? "")
          """)
    }
    self.members = members
  }

  /// Starts one of them, again on the same place and port.
  func start(_ name: String) async throws -> NodeProcess {
    guard let member = members[name] else { throw Trouble("there is no node \(name)") }
    return try await member.site.start(member.config, port: member.port)
  }

  /// Starts all of them.
  func start() async throws -> [String: NodeProcess] {
    var nodes: [String: NodeProcess] = [:]
    for name in members.keys.sorted() { nodes[name] = try await start(name) }
    return nodes
  }
}
