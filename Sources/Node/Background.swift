import Journal
import Logging
import ServiceLifecycle
import Services
import Transport

/// What a node does beside answering calls: subscriptions, projections, deadlines.
///
/// Each is a task that runs until the node drains. One that cannot go on ends the node: the
/// orchestrator sees it, and nothing goes on by guessing.
struct Background: ServiceLifecycle.Service, CustomStringConvertible {
  /// One of them, by name.
  struct Work: Sendable {
    let name: String
    let run: @Sendable () async throws -> Void
  }

  private(set) var works: [Work] = []
  /// How far those are behind that follow something.
  private(set) var lags: [LagMeter] = []
  let log: Logger

  init(log: Logger) { self.log = log }

  var description: String { "background" }

  mutating func add(_ name: String, _ run: @escaping @Sendable () async throws -> Void) {
    works.append(Work(name: name, run: run))
  }

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for work in works {
          group.addTask {
            do { try await work.run() } catch is CancellationError {
            } catch {
              log.critical(
                "background work stopped", metadata: ["work": "\(work.name)", "error": "\(error)"])
              throw error
            }
          }
        }
        try await group.waitForAll()
      }
    }
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
    add(name) { try await subscription.run() }
    return subscription
  }

  /// Keeps a view up to date with `source`.
  mutating func project(
    _ source: AnyEventSource, into store: some ProjectionStore, as view: String,
    _ interest: EventInterest = .all
  ) {
    let log = log
    let projection = Projection(
      view, from: source, into: store, interest: interest, clock: NodeClock.journal,
      notify: { log.tell($0, of: view) })
    lags.append(
      LagMeter(view, source.name) { () async throws(JournalError) in
        try await projection.lag()
      })
    add("\(view) from \(source.name)") { try await projection.run() }
  }

  /// Fires the deadlines of `journal`.
  mutating func fire(
    _ journal: AnyJournal, _ handle: @escaping @Sendable (Deadline) async throws(RPCError) -> Void
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
    add("deadlines of \(journal.name)") { await runner.run() }
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
