import Logging
import Synchronization
import Testing

@testable import Node

/// What failed is tried again by itself. Time is counted in looks, one every 5 s.
@Suite("A configuration reload that failed")
struct ReloadRetryTests {
  /// What the looks find, and what becomes of it.
  private final class Place: Sendable {
    struct State {
      var config = NodeConfig()
      var unread: ConfigError?
      /// Why a part takes up nothing, by what it is about.
      var refusals: [String: String] = [:]
      var tries: [String: Int] = [:]
      var marks = ["keys": 1]
      var lines: [String] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func tries(_ part: String) -> Int { state.withLock { $0.tries[part, default: 0] } }

    /// Of a node with one part that has settings, and one that holds a file.
    func looks(_ live: LiveConfig = LiveConfig(NodeConfig())) -> ReloadLooks {
      let source = ReloadSource(file: nil) { () async throws(ConfigError) -> NodeConfig in
        try self.load()
      }
      let parts = [
        ReloadPart(keys: "payment.breaker.") { _ in try self.apply("breaker") },
        ReloadPart(keys: "access.", files: { _ in ["keys"] }) { _ in try self.apply("keys") },
      ]
      return ReloadLooks(
        source, parts: parts, live: live, log: Logger(label: "test") { _ in Lines(place: self) },
        mark: { path in self.state.withLock { $0.marks[path] } })
    }

    private func load() throws(ConfigError) -> NodeConfig {
      let (config, unread) = state.withLock { ($0.config, $0.unread) }
      if let unread { throw unread }
      return config
    }

    private func apply(_ part: String) throws {
      let refusal = state.withLock { state in
        state.tries[part, default: 0] += 1
        return state.refusals[part]
      }
      if let refusal { throw Refusal(description: refusal) }
    }
  }

  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// Keeps each line: the message, and the values of its fields in the order of their names.
  private struct Lines: LogHandler {
    let place: Place
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(place: Place) { self.place = place }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.value)" }
      let line = (["\(event.message)"] + fields).joined(separator: " | ")
      place.set { $0.lines.append(line) }
    }
  }

  private static let failed = "a changed setting cannot be taken up"
  private static let reloaded = "configuration reloaded"
  private static let restart = "a changed setting needs a restart"

  private func look(_ looks: inout ReloadLooks, times: Int) async {
    for _ in 0..<times { _ = await looks.look(isAsked: false) }
  }

  @Test("a part is asked again by itself, less and less often, and the log says so once")
  func part() async {
    let place = Place()
    place.set { state in
      state.config.payment.breaker.probes = 9
      state.config.nodeName = "other"
      state.refusals["breaker"] = "not now"
    }
    let live = LiveConfig(NodeConfig())
    var looks = place.looks(live)
    let pause = await looks.begin()
    #expect(pause == .seconds(5))
    var tried: [Int] = []
    for number in 1...60 {
      let before = place.tries("breaker")
      await look(&looks, times: 1)
      if place.tries("breaker") > before { tried.append(number) }
    }
    // After 5, 10, 20 and 40 s, and then once a minute.
    #expect(tried == [1, 3, 7, 15, 27, 39, 51])
    #expect(live.now.payment.breaker.probes == 5)
    let told = [
      "\(Self.restart) | node.name | node-1 | other",
      "\(Self.failed) | payment.breaker.probes | not now",
    ]
    #expect(place.lines == told)
    // The other part has nothing to do with it.
    #expect(place.tries("keys") == 1)

    place.set { $0.refusals = [:] }
    await look(&looks, times: 12)
    #expect(live.now.payment.breaker.probes == 9)
    #expect(place.lines == told + ["\(Self.reloaded) | payment.breaker.probes: 5, now 9"])
    let after = place.tries("breaker")
    await look(&looks, times: 60)
    #expect(place.tries("breaker") == after)
  }

  @Test("a file that could not be taken up for a moment is read again, though it stays as it is")
  func file() async {
    let place = Place()
    var looks = place.looks()
    _ = await looks.begin()
    place.set { state in
      state.marks["keys"] = 2
      state.refusals["keys"] = "busy"
    }
    // Once it rests.
    await look(&looks, times: 2)
    #expect(place.tries("keys") == 2)
    await look(&looks, times: 1)
    #expect(place.tries("keys") == 3)
    #expect(place.lines == ["\(Self.failed) | keys | busy"])
    place.set { $0.refusals["keys"] = "gone" }
    await look(&looks, times: 2)
    #expect(place.lines.dropFirst() == ["\(Self.failed) | keys | gone"])
    place.set { $0.refusals = [:] }
    await look(&looks, times: 4)
    #expect(place.lines.dropFirst(2) == ["\(Self.reloaded) | keys read again"])
    let after = place.tries("keys")
    await look(&looks, times: 60)
    #expect(place.tries("keys") == after)
    #expect(place.tries("breaker") == 0)
  }

  @Test("what failed is tried when somebody asks, who is told, and soon again after it")
  func asked() async {
    let place = Place()
    place.set { $0.refusals["keys"] = "busy" }
    var looks = place.looks()
    _ = await looks.begin()
    await look(&looks, times: 16)
    let before = place.tries("keys")
    #expect(before == 5)
    place.set { $0.config.payment.breaker.probes = 9 }
    _ = await looks.look(isAsked: true)
    #expect(place.tries("keys") == before + 1)
    let line = "\(Self.failed) | keys | busy"
    #expect(place.lines == [line, line, "\(Self.reloaded) | payment.breaker.probes: 5, now 9"])
    await look(&looks, times: 1)
    #expect(place.tries("keys") == before + 2)
    #expect(place.lines.count == 3)
  }

  @Test("a configuration that could not be read for a moment is read again")
  func unread() async {
    let place = Place()
    let error = ConfigError(.unreadable, in: "node.yaml", key: "", "busy")
    place.set { $0.unread = error }
    let live = LiveConfig(NodeConfig())
    var looks = place.looks(live)
    _ = await looks.begin()
    await look(&looks, times: 60)
    #expect(place.lines == ["configuration not reloaded | \(error)"])
    place.set { $0.unread = nil }
    await look(&looks, times: 12)
    #expect(place.lines.dropFirst() == ["\(Self.reloaded) | none"])
    // From now on for changes only.
    place.set { $0.config.payment.breaker.probes = 9 }
    await look(&looks, times: 60)
    #expect(live.now.payment.breaker.probes == 5)
    #expect(place.lines.count == 2)
  }
}
