import Glibc
import Journal
import JournalSQLite
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

  /// Keeps a view of `service` up to date with `source`.
  mutating func project(
    _ source: AnyEventSource, into store: some ProjectionStore, as view: String,
    of service: ServiceName, _ interest: EventInterest = .all
  ) {
    let lag = background.project(source, into: store, as: view, interest)
    awaitNear("\(view) from \(source.name)", of: service, to: source, lag: lag)
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

  /// For tests: blocks what the configuration names.
  func cause(_ fault: NodeConfig.Watchdog.Fault) {
    switch fault {
    case .none: break
    case .loop:
      _ = group.next().scheduleTask(in: .milliseconds(500)) { while true { _ = pause() } }
    case .writer:
      guard let journal = journals.open.first?.value else { return }
      Task {
        try? await journal.execute(
          sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            + "SELECT count(*) FROM n")
      }
    }
  }
}
