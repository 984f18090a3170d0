import Foundation
import Logging
import Synchronization
import Testing
import Transport

@testable import Node

/// What a running node takes up of a changed configuration, and when it looks.
@Suite("Configuration reload")
struct ConfigReloadTests {
  /// What a part was told.
  private final class Told: Sendable {
    private let levels = Mutex<[String]>([])
    var all: [String] { levels.withLock { $0 } }
    func add(_ text: String) { levels.withLock { $0.append(text) } }
  }

  private struct NotNow: Error, CustomStringConvertible {
    let description = "not now"
  }

  private static func part(_ keys: String, _ told: Told) -> ReloadPart {
    ReloadPart(keys: keys) { told.add("\($0.log.level) \($0.payment.breaker.probes)") }
  }

  @Test("what is live is taken up, the rest is refused by name with both values")
  func liveAndNot() async {
    let told = Told()
    var reload = ConfigReload(NodeConfig(), parts: [Self.part("log.", told)])
    var new = NodeConfig()
    new.log.level = .debug
    new.nodeName = "other"
    new.payment.drain.perSecond = 7
    let outcome = await reload.take(new, changed: [])
    #expect(outcome.applied.map(\.key) == ["payment.drain.per_second", "log.level"])
    #expect(outcome.refused.map(\.description) == ["node.name: node-1, now other"])
    #expect(told.all == ["debug 5"])
    // What needs a restart is not taken over by halves.
    #expect(reload.running.nodeName == "node-1")
    #expect(reload.running.payment.drain.perSecond == 7)
    // It is refused again until the node starts anew; the rest is as it should be.
    let again = await reload.take(new, changed: [])
    #expect(again.applied == [])
    #expect(again.refused == outcome.refused)
    #expect(told.all.count == 1)
  }

  @Test("every live setting can be taken up by itself, and nothing else changes with it")
  func eachOne() async throws {
    for setting in Setting.all where setting.isLive {
      let new = try Self.changing(setting, of: NodeConfig())
      var reload = ConfigReload(NodeConfig(), parts: [])
      let outcome = await reload.take(new, changed: [])
      #expect(outcome.applied.map(\.key) == [setting.key])
      #expect(reload.running == new, "\(setting.key)")
    }
  }

  /// The same with another value of that setting.
  private static func changing(_ setting: Setting, of config: NodeConfig) throws -> NodeConfig {
    var new = config
    let standard = setting.read(new)
    let other = ["debug", "1", "2", "3", "5000", "4194305", "1048577"].first { text in
      setting.write(&new, [text]) && setting.read(new) != standard
    }
    try #require(other != nil, "\(setting.key): another value than \(standard)")
    return new
  }

  @Test("every live setting is read again in the node's source: by a part, or where it is needed")
  func readers() throws {
    let source = try Self.source()
    let keys = source.matches(of: #/ReloadPart\(\s*keys: ((?:"[^"]+",?\s*)+)/#)
      .flatMap { $0.output.1.split(separator: "\"") }
    let places = source.matches(of: #/(?:live\.now|reload\.running)((?:\.[A-Za-z]+)+)/#)
      .map { "\($0.output.1)." }
    let config = NodeConfig()
    for setting in Setting.all where setting.isLive {
      let place = Self.place(config, try Self.changing(setting, of: config)) + "."
      let hasPart = keys.contains { setting.key.hasPrefix($0) }
      let isLookedUp = places.contains { place.hasPrefix($0) }
      #expect(hasPart || isLookedUp, "\(setting.key)")
    }
  }

  private static func source() throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Node").path
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return try files.filter { $0.hasSuffix(".swift") }
      .map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
      .joined(separator: "\n")
  }

  /// Where two configurations differ, such as `.payment.drain.perSecond`.
  private static func place(_ one: Any, _ other: Any) -> String {
    let properties = zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children)
    for (mine, others) in properties where "\(mine.value)" != "\(others.value)" {
      return ".\(mine.label ?? "")" + place(mine.value, others.value)
    }
    return ""
  }

  @Test("a part that cannot take it up leaves its settings as they were, and the others go on")
  func failingPart() async {
    let told = Told()
    let failing = ReloadPart(keys: "payment.breaker.") { _ in throw NotNow() }
    var reload = ConfigReload(NodeConfig(), parts: [failing, Self.part("log.", told)])
    var new = NodeConfig()
    new.payment.breaker.probes = 9
    new.log.level = .error
    let outcome = await reload.take(new, changed: [])
    #expect(
      outcome.failed == [.init(about: ["payment.breaker.probes"], reason: "not now")])
    #expect(outcome.applied.map(\.key) == ["log.level"])
    #expect(reload.running.payment.breaker.probes == 5)
    #expect(told.all == ["error 5"])
  }

  @Test("a file that a part holds is read again when it changes, or when somebody asks")
  func files() async {
    let told = Told()
    let part = ReloadPart(keys: "access.", files: { _ in ["keys", ""] }) { _ in told.add("read") }
    var reload = ConfigReload(NodeConfig(), parts: [part])
    #expect(reload.files == ["keys"])
    #expect(await reload.take(NodeConfig(), changed: ["another"]).files == [])
    #expect(told.all == [])
    #expect(await reload.take(NodeConfig(), changed: ["keys"]).files == ["keys"])
    #expect(await reload.take(NodeConfig(), changed: nil) == ConfigReload.Outcome())
    #expect(told.all == ["read", "read"])
  }

  @Test("a secret that changes is named, and never shown")
  func secrets() async {
    var old = NodeConfig()
    old.payment.http.secret = Secret("sk_old")
    var new = NodeConfig()
    new.payment.http.secret = Secret("sk_new")
    var reload = ConfigReload(old, parts: [])
    let outcome = await reload.take(new, changed: [])
    #expect(
      outcome.refused.map(\.description) == ["payment.http.secret: <secret>, now <secret>"])
  }

  @Test("a peer that comes, goes or moves needs a restart")
  func peers() {
    var old = NodeConfig()
    old.peers = [NodeConfig.Peer(name: "a")]
    old.peers[0].addresses = [ReplicaAddress(host: "127.0.0.1", port: 1)]
    var new = old
    new.peers[0].addresses = [ReplicaAddress(host: "127.0.0.1", port: 2)]
    #expect(
      old.changes(to: new).map(\.description)
        == ["peers.a.address: \"127.0.0.1:1\", now \"127.0.0.1:2\""])
    new.peers = []
    #expect(
      old.changes(to: new).map(\.key) == [
        "peers.a.address", "peers.a.addresses", "peers.a.services",
      ])
    #expect(old.changes(to: new).allSatisfy { $0.new == nil && !$0.isLive })
  }

  @Test("files are read once they have rested for a look, whatever happens to them meanwhile")
  func watching() {
    var watch = ReloadWatch(["file": 1, "keys": 1])
    #expect(watch.look(["file": 1, "keys": 1]) == .rest)
    // Being written.
    #expect(watch.look(["file": 2, "keys": 1]) == .lookAgain)
    #expect(watch.look(["file": 3, "keys": 1]) == .lookAgain)
    #expect(watch.look(["file": 3, "keys": 1]) == .read(changed: ["file"]))
    #expect(watch.look(["file": 3, "keys": 1]) == .rest)
    // Written back before anybody looked twice.
    #expect(watch.look(["file": 4, "keys": 1]) == .lookAgain)
    #expect(watch.look(["file": 3, "keys": 1]) == .rest)
    // Gone for a moment, as when a link is turned round; gone for good is a change.
    #expect(watch.look(["keys": 1]) == .lookAgain)
    #expect(watch.look(["file": 3, "keys": 2]) == .lookAgain)
    #expect(watch.look(["file": 3, "keys": 2]) == .read(changed: ["keys"]))
    #expect(watch.look(["keys": 2]) == .lookAgain)
    #expect(watch.look(["keys": 2]) == .read(changed: ["file"]))
  }

  @Test("another file that matters from now on is no change by itself")
  func following() {
    var watch = ReloadWatch(["file": 1])
    watch.follow(["file": 2, "keys": 5])
    #expect(watch.look(["file": 1, "keys": 5]) == .rest)
    // What changed while it was being read is seen.
    #expect(watch.look(["file": 2, "keys": 5]) == .lookAgain)
  }

  @Test(
    "a ring ends the wait, so that the next is only as long as is meant by then",
    .timeLimit(.minutes(1)))
  func shorterPause() async {
    let bell = ReloadBell()
    bell.ring(.asked)
    // Would outlast the test.
    let asked = await bell.next(within: .seconds(86_400))
    #expect(asked?.asked == true && asked?.timer == false)
    let timed = await bell.next(within: .nanoseconds(1))
    #expect(timed?.asked == false && timed?.timer == true)
  }
}
