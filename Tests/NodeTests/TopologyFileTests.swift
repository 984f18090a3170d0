import Foundation
import Node
import Testing
import Transport

/// Peers in a file, and the files of all nodes together.
@Suite("Topology")
struct TopologyFileTests {
  private func load(_ yaml: String, as name: String = "node.yaml") async throws -> Topology.Member {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("topology-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent(name).path
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
    return Topology.Member(
      file: name, config: try await NodeConfig.load(file: path, environment: [:]))
  }

  private func complaint(_ yaml: String) async throws -> String {
    do {
      _ = try await load(yaml)
      return ""
    } catch let error as ConfigError {
      return "\(error.key): \(error.text)"
    }
  }

  private static func node(
    _ name: String, _ port: Int, runs services: String, peers: String...
  ) -> String {
    """
    node: {name: \(name), services: [\(services)]}
    listen: {port: \(port)}
    data: {directory: ./data-\(name)}
    peers:
    \(peers.map { "  \($0)" }.joined(separator: "\n"))
    """
  }

  private static func peer(_ name: String, _ port: Int, runs services: String) -> String {
    "\(name): {address: 127.0.0.1:\(port), services: [\(services)]}"
  }

  private static let front = node(
    "front", 7801, runs: "order, dashboard",
    peers: peer("money", 7802, runs: "payment"), peer("rest", 7803, runs: "store, delivery"))
  private static let money = node(
    "money", 7802, runs: "payment", peers: peer("front", 7801, runs: "order, dashboard"),
    peer("rest", 7803, runs: "store, delivery"))
  private static let rest = node(
    "rest", 7803, runs: "store, delivery", peers: peer("front", 7801, runs: "order, dashboard"),
    peer("money", 7802, runs: "payment"))

  @Test("a file names peers with their addresses and services")
  func peers() async throws {
    let peers = try await load(Self.front).config.peers
    #expect(peers.map(\.name) == ["money", "rest"])
    #expect(peers[0].addresses == [ReplicaAddress(host: "127.0.0.1", port: 7802)])
    #expect(peers[1].services == [.store, .delivery])
    let six = "node: {services: [store]}\npeers: {a: {address: '[::1]:80', services: [order]}}"
    #expect(try await load(six).config.peers.first?.addresses.first?.host == "::1")
  }

  @Test("a peer may be written in flat keys, and beside its group")
  func flatPeers() async throws {
    let yaml = """
      node: {services: [store]}
      peers.front.address: 127.0.0.1:7801
      peers.front.services: [order]
      peers:
        money: {address: 127.0.0.1:7802}
      peers.money.services: [payment]
      """
    let peers = try await load(yaml).config.peers
    #expect(peers.map(\.name) == ["front", "money"])
    #expect(peers.map(\.services) == [[.order], [.payment]])
    #expect(peers.flatMap(\.addresses).map(\.port) == [7801, 7802])
  }

  @Test(
    "a peer that cannot be meant is refused with its key",
    arguments: [
      ("peers: {a: {address: here, services: [order]}}", "peers.a.address: 'here' is not"),
      ("peers: {a: {address: 'h:0', services: [order]}}", "peers.a.address: 'h:0' is not"),
      ("peers: {a: {address: 'h:1', services: [shop]}}", "peers.a.services: 'shop' is not"),
      (
        "peers: {a: {address: 'h:1', addresses: ['h:2'], services: [order]}}",
        "peers.a.addresses: stands beside 'peers.a.address'"
      ),
      (
        "peers: {a: {addresses: ['h:1', 'h:1'], services: [order]}}",
        "peers.a.addresses: 'h:1, h:1' is"
      ),
      ("peers: {a: {addresses: 'h:1', services: [order]}}", "peers.a.addresses: 'h:1' is not"),
      ("peers: {a: {services: [order]}}", "peers.a.address: is missing"),
      ("peers: {a: {address: 'h:1', port: 1}}", "peers.a.port: there is no such setting"),
      ("peers: {a/b: {}}", "peers.a/b: 'a/b' is not a peer's name"),
      ("peers: {a.b: {}}", "peers.a.b: 'a.b' is not a peer's name"),
      ("peers.a/b.address: 'h:1'", "peers.a/b.address: 'a/b' is not a peer's name"),
      ("peers.a.address: 'h:1'", "peers.a.services: is missing"),
      ("peers: {a: 1}", "peers.a: is a group"),
      (
        "peers: {a: {address: 'h:1', services: [order]}}",
        "peers.a.services: order is run by this node"
      ),
      ("node: {services: [order]}", "node.services: order needs payment"),
    ])
  func wrong(_ yaml: String, _ says: String) async throws {
    let complaint = try await complaint(yaml)
    #expect(complaint.hasPrefix(says), "\(complaint)")
  }

  @Test("the files of nodes that know each other are fine")
  func fine() async throws {
    let members = [
      try await load(Self.front, as: "front"), try await load(Self.money, as: "money"),
      try await load(Self.rest, as: "rest"),
    ]
    #expect(Topology(members).problems.map(\.description) == [])
  }

  @Test("what cannot work between nodes is told by file and key")
  func cannotWork() async throws {
    let front = try await load(Self.front, as: "front")
    let money = try await load(Self.money, as: "money")
    let rest = try await load(Self.rest, as: "rest")
    let twin = try await load(
      Self.node("front", 7801, runs: "dashboard", peers: Self.peer("x", 9, runs: "order")),
      as: "twin")
    func says(_ members: Topology.Member...) -> [String] {
      Topology(members).problems.map { "\($0.source) \($0.key)" }
    }
    let two = says(front, money)
    #expect(two.contains("front, money node.services"), "nobody runs store: \(two)")
    #expect(two.contains("front peers.rest.address"), "a peer that is not there: \(two)")
    let four = says(front, money, rest, twin)
    for problem in [
      "twin node.name", "twin listen.port", "twin data.directory",
      "twin peers.x.address", "twin peers",
    ] {
      #expect(four.contains(problem), "\(problem) in \(four)")
    }
    let probes = try await load(
      Self.money.replacing("peers:", with: "http: {address: '127.0.0.1:7801'}\npeers:"),
      as: "probes")
    #expect(says(front, probes, rest) == ["probes http.address"])
    let itself = try await load(
      Self.money.replacing("peers:", with: "http: {address: '127.0.0.1:7802'}\npeers:"), as: "self")
    #expect(says(front, itself, rest) == ["self http.address"])
    func claims(_ first: String, _ second: String) async throws -> [String] {
      let files = [("one", first), ("two", second)].map { name, text in
        (name, "node: {name: \(name)}\n\(text)")
      }
      var members: [Topology.Member] = []
      for (name, text) in files { members.append(try await load(text, as: name)) }
      return Topology(members).problems.map { "\($0.source) \($0.key)" }
        .filter { !$0.hasSuffix("services") && !$0.contains("peers") }
    }
    let open = "insecure: anyone may call this node"
    #expect(
      try await claims(
        "data: {directory: ./d/a}\nlisten: {port: 1}",
        "data: {directory: d/b/../a}\nlisten: {port: 2}")
        == ["two data.directory"])
    #expect(
      try await claims(
        "data: {directory: a}\nlisten: {host: 0.0.0.0, port: 1, \(open)}",
        "data: {directory: b}\nlisten: {port: 1}") == ["two listen.port"])
    #expect(
      try await claims(
        "listen: {host: 10.0.0.5, port: 1, \(open)}", "listen: {host: 10.0.0.5, port: 1, \(open)}")
        == ["two listen.port", "two data.directory"])
    #expect(
      try await claims(
        "data: {directory: a}\nlisten: {host: 127.0.0.1, port: 1}",
        "data: {directory: b}\nlisten: {host: 127.0.0.2, port: 1}") == [])
    let cloud = Self.front.replacing(
      "port: 7801", with: "host: 0.0.0.0, port: 7801, insecure: anyone may call this node"
    )
    .replacing("name: front", with: "name: cloud")
    let elsewhere = says(
      try await load(cloud, as: "front"),
      try await load(cloud.replacing("name: cloud", with: "name: other"), as: "other"))
    #expect(!elsewhere.contains { $0.hasSuffix("listen.port") || $0.hasSuffix("directory") })
    let liar = try await load(
      Self.money.replacing("services: [store, delivery]", with: "services: [store]"), as: "liar")
    #expect(says(front, liar, rest).contains("liar peers"))
    var secured = [front, money, rest].map(\.config)
    secured[1].tls.certificateFile = "money.pem"
    secured[1].tls.clientCAFile = "ca.pem"
    secured[2].tls.caFile = "ca.pem"
    let mixed = says(
      Topology.Member(file: "front", config: secured[0]),
      Topology.Member(file: "money", config: secured[1]),
      Topology.Member(file: "rest", config: secured[2]))
    for problem in ["front tls.ca_file", "money tls.ca_file", "rest tls.certificate_file"] {
      #expect(mixed.contains(problem), "\(problem) in \(mixed)")
    }
    let dreamer = try await load(
      Self.node(
        "dreamer", 7809, runs: "dashboard", peers: Self.peer("money", 7802, runs: "order")),
      as: "dreamer")
    #expect(says(money, dreamer).contains("dreamer peers.money.services"))
  }

  @Test("the dashboard may run on several nodes, what keeps a journal on one")
  func several() async throws {
    let peers = [
      "front: {addresses: ['127.0.0.1:7801', '127.0.0.1:7804'], services: [dashboard]}",
      "more: {address: 127.0.0.1:7805, services: [dashboard]}",
    ]
    let config = try await load("node: {services: [store]}\npeers:\n  \(peers[0])\n  \(peers[1])")
      .config
    #expect(config.peers[0].addresses.map(\.port) == [7801, 7804])
    let owners = """
      node: {services: [store]}
      peers:
        a: {address: h:1, services: [order]}
        b: {address: h:2, services: [order]}
      """
    #expect(try await complaint(owners).hasPrefix("peers.b.services: order is run by peer a"))
    let others = [
      Self.peer("money", 7802, runs: "payment"), Self.peer("rest", 7803, runs: "store, delivery"),
    ]
    let views = try await load(
      Self.node(
        "views", 7804, runs: "dashboard", peers: others[0], others[1],
        Self.peer("front", 7801, runs: "order")), as: "views")
    let members = [
      try await load(Self.front, as: "front"), try await load(Self.money, as: "money"),
      try await load(Self.rest, as: "rest"), views,
    ]
    #expect(Topology(members).problems.map(\.description) == [])
    let second = try await load(
      Self.node(
        "second", 7806, runs: "payment", peers: Self.peer("front", 7801, runs: "order, dashboard"),
        others[1]), as: "second")
    #expect(
      Topology(members + [second]).problems.map(\.description)
        == [
          "second: node.services: payment is run by money too, and one journal has one owner"
        ])
    let lost = try await load(
      Self.node(
        "lost", 7807, runs: "dashboard", peers: others[0], others[1],
        "front: {addresses: ['127.0.0.1:7801', '127.0.0.1:7899'], services: [order]}"),
      as: "lost")
    #expect(
      Topology(members + [lost]).problems.map(\.description)
        == ["lost: peers.front.addresses: no node of these files listens on 127.0.0.1:7899"])
  }

  @Test("calls that would be passed on round and round are told with their way")
  func round() async throws {
    let left = try await load(
      Self.node("left", 7811, runs: "store", peers: Self.peer("right", 7812, runs: "order")),
      as: "left")
    let right = try await load(
      Self.node("right", 7812, runs: "payment", peers: Self.peer("left", 7811, runs: "order")),
      as: "right")
    let problems = Topology([left, right]).problems.filter { $0.key.hasSuffix(".services") }
    #expect(
      problems.map(\.text).contains(
        "right does not run order, and calls for it go round: left → right → left"))
  }
}
