import CPowerCut
import Glibc
import Journal
import JournalSQLite
import Logging
import Resilience
import Services

/// The journals of the services that run here: one database each.
struct NodeJournals {
  private(set) var open: [ServiceName: SQLiteJournal] = [:]
  /// How long their transactions take; empty when signals are off.
  private(set) var commits: [ServiceName: DurationMeter] = [:]

  /// The services that keep a journal; the dashboard keeps only a view.
  static let owners: [ServiceName] = [.order, .payment, .store, .delivery]

  /// The file system that forgets what was not synced: for the crash test, never for orders.
  private static let powerCutVFS = "powercut"

  static func options(_ service: ServiceName, _ config: NodeConfig) -> SQLiteJournalOptions {
    var options = SQLiteJournalOptions(
      path: "\(config.dataDirectory)/\(service.rawValue).db", name: service.rawValue)
    options.partitionCount = config.journal.partitions
    options.waitingAppendsMax = config.journal.queueMax
    options.groupAppendsMax = config.journal.batchMax
    options.vfs = config.journal.vfs.isEmpty ? nil : config.journal.vfs
    options.syncsCommits = config.journal.syncsCommits == 1
    return options
  }

  /// The services whose journals lie in a data directory.
  static func present(in directory: String) -> Set<ServiceName> {
    Set(owners.filter { access("\(directory)/\($0.rawValue).db", F_OK) == 0 })
  }

  /// Opens, or makes, every journal the config asks for.
  init(_ config: NodeConfig, log: Logger? = nil) async throws(JournalError) {
    if config.journal.vfs == Self.powerCutVFS, powercut_register() != 0 {
      throw .refused("the file system '\(Self.powerCutVFS)' cannot be registered")
    }
    for service in Self.owners where config.services.contains(service) {
      var options = Self.options(service, config)
      options.damaged = { damage in
        log?.error("damaged row passed over", metadata: ["damage": "\(damage)"])
      }
      options.checkpointTrouble = { trouble in
        if let trouble {
          log?.error("journal's log not kept short", metadata: ["trouble": "\(trouble)"])
        } else {
          log?.notice("journal's log kept short again", metadata: ["journal": "\(service)"])
        }
      }
      if config.signals.isOn {
        let meter = DurationMeter()
        commits[service] = meter
        options.committed = { nanoseconds in
          meter.record(nanoseconds: nanoseconds, at: NodeClock.monotonic())
        }
      }
      open[service] = try await SQLiteJournal.open(
        options, now: NodeClock.journal.now, newEpoch: NodeClock.newEpoch)
    }
  }

  subscript(service: ServiceName) -> AnyJournal? { open[service].map { AnyJournal($0) } }

  /// By the names of the services they belong to.
  var readers: [String: any JournalReader] {
    Dictionary(uniqueKeysWithValues: open.map { ($0.key.rawValue, $0.value) })
  }

  /// Flushes and closes all of them.
  func close() async {
    for journal in open.values { await journal.close() }
  }
}
