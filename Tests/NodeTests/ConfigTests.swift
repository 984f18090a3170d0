import Domain
import Foundation
import JournalSQLite
import Logging
import Node
import Testing
import Transport

/// What the configuration reads, and the one line it says when it cannot.
@Suite("Configuration")
struct ConfigTests {
  let scratch = FileManager.default.temporaryDirectory
    .appendingPathComponent("config-\(UUID().uuidString)")

  func file(_ yaml: String) throws -> String {
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    let path = scratch.appendingPathComponent("node.yaml")
    try Data(yaml.utf8).write(to: path)
    return path.path
  }

  func load(
    _ yaml: String, environment: [String: String] = [:], options: [String: String] = [:]
  ) async throws -> NodeConfig {
    defer { try? FileManager.default.removeItem(at: scratch) }
    return try await NodeConfig.load(
      file: try file(yaml), environment: environment, options: options)
  }

  /// What is said about a wrong file, without the file's directory.
  func complaint(
    _ yaml: String, environment: [String: String] = [:], options: [String: String] = [:]
  ) async throws -> String {
    do {
      _ = try await load(yaml, environment: environment, options: options)
      return "nothing"
    } catch let error as ConfigError {
      return error.description.replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  @Test("without a file every setting has its default")
  func defaults() async throws {
    #expect(try await NodeConfig.load(file: nil, environment: [:]) == NodeConfig())
  }

  @Test("a file of nothing but comments changes nothing", arguments: ["", "# nothing\n"])
  func emptyFile(yaml: String) async throws {
    #expect(try await load(yaml) == NodeConfig())
  }

  @Test("a file sets what it names and leaves the rest")
  func someSettings() async throws {
    let config = try await load(
      """
      node:
        name: kitchen-2
        services: [store, delivery]
      listen:
        port: 0
      pools:
        payment:
          replicas_max: 7
      deadlines:
        store_silent_s: 0.5
      payment:
        simulator:
          latency_ms: 250
          decline_per_mille: 1000
      log:
        level: debug
        format: json
      """)
    var expected = NodeConfig()
    expected.nodeName = "kitchen-2"
    expected.services = [.store, .delivery]
    expected.listenPort = 0
    expected.pools.payment.replicasMax = 7
    expected.deadlines.storeSilent = .milliseconds(500)
    expected.payment.simulator.latency = .milliseconds(250)
    expected.payment.simulator.declinePerMille = 1000
    expected.log.level = .debug
    expected.log.format = .json
    #expect(config == expected)
  }

  @Test("an option goes before the environment, and the environment before the file")
  func precedence() async throws {
    let environment = [
      "BAEDAL_LISTEN_PORT": "2", "BAEDAL_NODE_SERVICES": "order, payment",
      "BAEDAL_JOURNAL_QUEUE_MAX": "9",
    ]
    let config = try await load(
      "listen: {port: 1}\njournal: {queue_max: 5, batch_max: 6}", environment: environment,
      options: ["listen.port": "3"])
    #expect(config.listenPort == 3)
    #expect(config.services == [.order, .payment])
    #expect(config.journal.queueMax == 9)
    #expect(config.journal.batchMax == 6)
  }

  @Test("what is wrong is said in one line with file, key, value and what would be right")
  func complaints() async throws {
    let cases: [(yaml: String, says: String)] = [
      (
        "journal:\n  partitons: 4",
        "node.yaml:2: journal.partitons: there is no such setting; "
          + "did you mean 'journal.partitions'?"
      ),
      (
        "partitions: 4",
        "node.yaml:1: partitions: there is no such setting; did you mean 'journal.partitions'?"
      ),
      (
        "zzzzzzzzzzzzzzzzzzzz: 4",
        "node.yaml:1: zzzzzzzzzzzzzzzzzzzz: there is no such setting; "
          + "'baedal config show' lists them all"
      ),
      (
        "listen:\n  host: a\n  port: 70000",
        "node.yaml:3: listen.port: '70000' is not a whole number from 0 to 65535"
      ),
      (
        "listen:\n  port: many",
        "node.yaml:2: listen.port: 'many' is not a whole number from 0 to 65535"
      ),
      (
        "listen:\n  port: [1]",
        "node.yaml:2: listen.port: a list is not a whole number from 0 to 65535"
      ),
      (
        "listen: 127.0.0.1:7700",
        "node.yaml:1: listen: is a group; its settings, such as 'host', go below it, indented"
      ),
      (
        "listen:\n  host: 127.0.0.1:7700",
        "node.yaml:2: listen.host: '127.0.0.1:7700' is not a host name or an IP address, "
          + "without a port"
      ),
      (
        "node:\n  services: [order, shop]",
        "node.yaml:2: node.services: '[order, shop]' is not a list of one or more of order, "
          + "payment, store, delivery, dashboard, each once"
      ),
      (
        "node:\n  services: order",
        "node.yaml:2: node.services: 'order' is not a list of one or more of order, "
          + "payment, store, delivery, dashboard, each once"
      ),
      (
        "log: {level: loud}",
        "node.yaml:1: log.level: 'loud' is not one of trace, debug, info, notice, warning, "
          + "error, critical"
      ),
      (
        "drain: {timeout_s: -1}",
        "node.yaml:1: drain.timeout_s: '-1' is not a number of seconds from 0 to 3600"
      ),
      (
        "access:\n  operator_token: hunter2",
        "node.yaml:2: access.operator_token: a secret does not belong into this file; set "
          + "BAEDAL_ACCESS_OPERATOR_TOKEN or name a file in 'access.operator_token_file'"
      ),
      (
        "payment:\n  http:\n    url: http://pay.example.com",
        "node.yaml:3: payment.http.url: 'http://pay.example.com' is not an https:// address "
          + "without user, query or fragment, or empty"
      ),
      (
        "payment:\n  http:\n    secret: hunter2",
        "node.yaml:3: payment.http.secret: a secret does not belong into this file; set "
          + "BAEDAL_PAYMENT_HTTP_SECRET or name a file in 'payment.http.secret_file'"
      ),
      (
        "payment:\n  http:\n    secret_file: /nowhere/secret",
        "node.yaml:3: payment.http.secret_file: '/nowhere/secret' is not a readable file with "
          + "a secret key in its first line"
      ),
      (
        "payment:\n  http:\n    connections: 0",
        "node.yaml:3: payment.http.connections: '0' is not a whole number from 1 to 10000"
      ),
      (
        "payment:\n  breaker:\n    open_wait_ms: 60000",
        "node.yaml:3: payment.breaker.open_wait_max_s: 30 s is less than "
          + "'payment.breaker.open_wait_ms', which is 60000 ms"
      ),
      ("payment: {breaker: {open_wait_ms: 1000, open_wait_max_s: 1}}", "nothing"),
      ("- a", "node.yaml:1: the top level must be keys and values, such as 'listen:'"),
    ]
    for (yaml, says) in cases {
      #expect(try await complaint(yaml) == says)
    }
  }

  @Test("a file that is not YAML is named with its line")
  func notYAML() async throws {
    let unclosed = try await complaint("listen:\n  host: \"abc\n")
    #expect(unclosed.hasPrefix("node.yaml:"))
    #expect(unclosed.contains("not valid YAML"))
    let twice = try await complaint("listen:\n  port: 1\n  port: 2\n")
    #expect(twice.contains("'port' stands here twice"))
    #expect(!twice.contains("\n"))
  }

  @Test("a wrong value from the environment or an option names where it came from")
  func otherSources() async throws {
    #expect(
      try await complaint("", environment: ["BAEDAL_LISTEN_PORT": "x"])
        == "environment BAEDAL_LISTEN_PORT: listen.port: 'x' is not a whole number from 0 to 65535")
    #expect(
      try await complaint("", options: ["listen.port": "x"])
        == "command line: listen.port: 'x' is not a whole number from 0 to 65535")
  }

  @Test("a file that is not there is one line too")
  func missingFile() async {
    await #expect {
      try await NodeConfig.load(file: "/nowhere/node.yaml", environment: [:])
    } throws: { error in
      (error as? ConfigError)?.problem == .unreadable && !"\(error)".contains("\n")
    }
  }

  @Test("what is printed reads back as the same configuration")
  func printedReadsBack() async throws {
    #expect(try await load(NodeConfig().yaml) == NodeConfig())
    var changed = NodeConfig()
    changed.nodeName = "a.b-3"
    changed.dataDirectory = "/tmp/with \"quotes\" and space"
    changed.services = [.dashboard]
    changed.limits.helloTimeout = .milliseconds(1500)
    changed.deadlines.offer = .milliseconds(2500)
    changed.peers = [NodeConfig.Peer(name: "money"), NodeConfig.Peer(name: "kitchen-2")]
    changed.peers[0].addresses = [ReplicaAddress(host: "::1", port: 7701)]
    changed.peers[0].services = [.order, .payment]
    changed.peers[1].addresses = [
      ReplicaAddress(host: "kitchen.local", port: 1), ReplicaAddress(host: "10.0.0.1", port: 2),
    ]
    changed.peers[1].services = [.delivery]
    #expect(try await load(changed.yaml) == changed)
  }

  @Test("the file in deploy has every setting at its default")
  func localFile() async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appending(path: "deploy/node.yaml").path
    #expect(try await NodeConfig.load(file: path, environment: [:]) == NodeConfig())
    #expect(try String(contentsOfFile: path, encoding: .utf8) == NodeConfig().yaml)
  }

  @Test("every default is a right value of its own setting, and every line explains itself")
  func tableIsSound() {
    let words = NodeConfig().yaml.split(whereSeparator: { " #\n".contains($0) })
    let printed = words.joined(separator: " ")
    for setting in Setting.all {
      #expect(!setting.doc.isEmpty && !setting.doc.contains("\n"))
      #expect(printed.contains(setting.doc) == !setting.isHidden)
    }
    #expect(NodeConfig().yaml.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
    #expect(Set(Setting.all.map(\.environmentName)).count == Setting.all.count)
  }

  @Test("a data directory that cannot be used is one line with its key")
  func dataDirectory() throws {
    let path = try file("x")
    defer { try? FileManager.default.removeItem(at: scratch) }
    var config = NodeConfig()
    config.dataDirectory = path + "/below/a/file"
    let expected = "node.yaml: data.directory: '\(config.dataDirectory)' cannot be reached: "
    #expect {
      try config.prepareDataDirectory(source: "node.yaml")
    } throws: { error in
      "\(error)".hasPrefix(expected) && !"\(error)".contains("\n")
    }
    config.dataDirectory = path
    #expect(throws: ConfigError.self) { try config.checkDataDirectory(source: "node.yaml") }
    config.dataDirectory = scratch.path + "/fresh/deep"
    try config.checkDataDirectory(source: "node.yaml")
    #expect(!FileManager.default.fileExists(atPath: config.dataDirectory))
    let held = try config.prepareDataDirectory(source: "node.yaml")
    #expect(FileManager.default.fileExists(atPath: config.dataDirectory))
    #expect {
      try config.prepareDataDirectory(source: "node.yaml")
    } throws: { error in
      "\(error)".hasPrefix("node.yaml: data.directory: ")
        && "\(error)".contains("where another node keeps")
    }
    held.release()
    _ = try config.prepareDataDirectory(source: "node.yaml")
  }
}
