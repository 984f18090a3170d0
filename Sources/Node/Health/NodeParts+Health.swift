import Glibc
import Journal
import JournalSQLite
import Logging
import NIOCore
import NIOPosix
import Services

extension NodeParts {
  /// What traffic depends on: that the journals of this node take what they are given, that there
  /// is room, and that what follows has come near. Other nodes are none of it: what cannot reach
  /// payment parks its orders, and what cannot follow a store's journal takes orders all the same.
  mutating func checkReadiness() {
    let live = live
    readiness.append(.room(in: config.dataDirectory) { live.now.readiness.diskFreeMBMin })
    for (service, journal) in journals.open.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      readiness.append(.writes(service, journal))
    }
  }

  /// Keeps a view of `service` up to date with `source`. Returns how many events it is behind by
  /// what it knows; nil while it cannot know.
  @discardableResult
  mutating func project(
    _ source: AnyEventSource, into store: some ProjectionStore, as view: String,
    of service: ServiceName, _ interest: EventInterest = .all
  ) -> @Sendable () -> Int64? {
    let lag = background.project(source, into: store, as: view, interest)
    awaitNear("\(view) from \(source.name)", of: service, to: source, lag: lag)
    return lag
  }

  /// After a start the service is not ready before this has come near to `source`.
  mutating func awaitNear(
    _ name: String, of service: ServiceName, to source: AnyEventSource,
    lag: @escaping @Sendable () -> Int64?
  ) {
    let live = live
    readiness.append(
      .caughtUp(
        name, of: service, isRemote: background.isRemote(source),
        within: { live.now.readiness.lagEventsMax }, lag: lag))
  }

  /// Nobody runs what a service here follows, and what happens there has no effect here: without
  /// order, payment gives no money back. It may be meant so, and is no reason not to start nor not
  /// to be ready; so it is said, and operators see it among the background work.
  func miss(_ source: ServiceName, for service: ServiceName, as name: String) {
    background.log.error(
      "what a service follows is run neither here nor by a peer",
      metadata: [
        "service": "\(service.rawValue)", "follows": "\(source.rawValue)",
        "setting": "peers.NAME.services",
      ])
    background.register.miss(
      name, reason: "\(source.rawValue) is run neither here nor by a peer")
  }

  /// Has the watchdog look at everything that works here.
  func watch(by watchdog: Watchdog) {
    for (service, journal) in journals.open.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      watchdog.watch("writer of \(service.rawValue)", journal.pulse)
    }
    for (pool, visit) in visits {
      watchdog.watch("pool \(pool)") { answer in
        // Nobody's child: who asks is a thread, and must not wait.
        Task {
          await visit()
          answer()
        }
      }
    }
  }

  /// For tests: blocks what the configuration names, half a second later, so that the node can be
  /// seen to be well before.
  func cause(_ fault: NodeConfig.Watchdog.Fault) {
    switch fault {
    case .none: break
    case .loop:
      _ = group.next().scheduleTask(in: .milliseconds(500)) { while true { _ = pause() } }
    case .writer:
      guard let journal = journals.open.first?.value else { return }
      Task {
        try? await Task.sleep(for: .milliseconds(500))
        try? await journal.execute(
          sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            + "SELECT count(*) FROM n")
      }
    }
  }
}
