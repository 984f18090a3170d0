import Journal
import Logging
import ServiceLifecycle
import Services
import Transport

/// What a node does beside answering calls: subscriptions, projections, deadlines.
///
/// Each runs until the node drains, under a supervisor: what throws or does not get on is begun
/// anew, from its cursors. What fails again and again, though nothing but this node has a part in
/// it, ends the node: the orchestrator sees it, and nothing goes on by guessing.
struct Background: ServiceLifecycle.Service, CustomStringConvertible {
  /// One of them, by name.
  struct Work: Sendable {
    let name: String
    /// Whether it depends on another node, whose failures must not end this one.
    let isRemote: Bool
    /// Runs until it is cancelled. Shows by the pulse whether it gets on.
    let run: @Sendable (Pulse) async throws -> Void
  }

  private(set) var works: [Work] = []
  /// How far those are behind that follow something.
  private(set) var lags: [LagMeter] = []
  let log: Logger
  let policy: Supervision.Policy
  /// What became of each, for operators.
  let register = WorkRegister()
  /// The services that run here; what follows another one depends on another node.
  private let own: Set<String>

  init(_ config: NodeConfig, log: Logger) {
    self.log = log
    policy = Supervision.Policy(config.supervisor, callTimeout: config.payment.callTimeout)
    own = Set(config.services.map(\.rawValue))
  }

  var description: String { "background" }

  mutating func add(
    _ name: String, isRemote: Bool = false,
    _ run: @escaping @Sendable (Pulse) async throws -> Void
  ) {
    works.append(Work(name: name, isRemote: isRemote, run: run))
  }

  /// Whether it is the journal of another node.
  func isRemote(_ source: AnyEventSource) -> Bool { !own.contains(source.name) }

  func run() async throws {
    let supervision = Supervision(
      works: works, policy: policy, register: register, time: .system, log: log)
    try await cancelWhenGracefulShutdown { try await supervision.run() }
  }
}

extension Background {
  /// Follows `source` for a service whose journal is `destination`.
  mutating func follow(
    _ source: AnyEventSource, into destination: AnyJournal, as name: String, _ types: Set<String>?,
    _ take: @escaping @Sendable (RecordedEvent) async throws(RPCError) -> Void
  ) -> Follower {
    let log = log
    let subscription = Subscription(
      from: source, to: destination,
      subscriber: ServiceSubscriber(
        name: name, interest: types.map { .types($0) } ?? .all, take: take),
      clock: NodeClock.journal, notify: { log.tell($0, of: name) })
    lags.append(
      LagMeter(name, source.name) { () async throws(JournalError) in
        try await subscription.lag()
      })
    add(name, isRemote: isRemote(source)) { try await subscription.run(pulse: $0) }
    return subscription
  }

  /// Keeps a view up to date with `source`. Returns how many events it is behind by what it knows;
  /// nil while it cannot know.
  mutating func project(
    _ source: AnyEventSource, into store: some ProjectionStore, as view: String,
    _ interest: EventInterest = .all
  ) -> @Sendable () -> Int64? {
    let log = log
    let projection = Projection(
      view, from: source, into: store, interest: interest, clock: NodeClock.journal,
      notify: { log.tell($0, of: view) })
    lags.append(
      LagMeter(view, source.name) { () async throws(JournalError) in
        try await projection.lag()
      })
    add("\(view) from \(source.name)", isRemote: isRemote(source)) {
      try await projection.run(pulse: $0)
    }
    return { projection.knownLag }
  }

  /// Fires the deadlines of `journal`, once `followers` have dealt with what stood in their sources
  /// when they began: what others did while this node was away counts before the silence that its
  /// absence looks like.
  mutating func fire(
    _ journal: AnyJournal, after followers: [Follower],
    _ handle: @escaping @Sendable (Deadline) async throws(RPCError) -> Void
  ) {
    let log = log
    let runner = DeadlineRunner(
      firing: journal, clock: NodeClock.journal,
      notify: { deadline, text in
        log.warning(
          "deadline not handled, tried again later",
          metadata: [
            "journal": "\(journal.name)", "deadline": "\(deadline?.key.description ?? "")",
            "error": "\(text)",
          ])
      }, handle)
    add("deadlines of \(journal.name)") { pulse in
      try await Self.catchUp(followers)
      await runner.run(pulse: pulse)
    }
  }

  /// A source that is away holds nobody up for longer than this.
  private static let catchUpMax = Duration.seconds(10)

  private static func catchUp(_ followers: [Follower]) async throws {
    let until = NodeClock.journal.now().advanced(by: catchUpMax)
    while !followers.allSatisfy(\.hasCaughtUp), NodeClock.journal.now() < until {
      try await NodeClock.journal.sleep(.milliseconds(20))
    }
  }
}

/// A saga's subscription in a node, whatever it follows.
typealias Follower = Subscription<AnyEventSource, AnyJournal, ServiceSubscriber>

extension Logger {
  fileprivate func tell(_ notice: SubscriptionNotice, of name: String) {
    switch notice {
    case .retrying(let delivery, let failure):
      info(
        "event tried again",
        metadata: [
          "subscriber": "\(name)", "event": "\(delivery.event.id)",
          "attempt": "\(delivery.attempt)", "reason": "\(failure.reason)",
        ])
    case .parked(let event):
      error(
        "event set aside",
        metadata: [
          "subscriber": "\(name)", "stream": "\(event.stream)", "type": "\(event.type)",
          "reason": "\(event.reason)",
        ])
    case .hole(let partition, let position):
      warning(
        "hole in the source",
        metadata: [
          "subscriber": "\(name)", "partition": "\(partition)", "position": "\(position)",
        ])
    case .waiting(_, let error):
      info("waiting", metadata: ["subscriber": "\(name)", "reason": "\(error)"])
    }
  }
}
