import Gateway
import JournalSQLite
import Messages
import NIOCore
import Resilience
import Services
import Synchronization

/// Reads all signals of a node: the one reading that every face shows.
final class SignalReader: SignalSource {
  private let node: String
  private let pools: [PoolControl]
  private let dependencies: [DependencyGuard]
  private let journals: NodeJournals
  private let lags: [LagMeter]
  private let loops: [LoopDelayMeter]
  /// By the index of the pool.
  private let demands: Mutex<[HeldDemand]>

  private static let interval = Duration.seconds(1)

  init(
    _ config: NodeConfig, pools: [PoolControl], dependencies: [DependencyGuard],
    journals: NodeJournals, lags: [LagMeter], loops: [any EventLoop]
  ) {
    node = config.nodeName
    let isOn = config.signals.isOn
    self.pools = pools
    self.dependencies = dependencies
    self.journals = journals
    self.lags = isOn ? lags : []
    self.loops = isOn ? loops.enumerated().map { LoopDelayMeter($1, index: $0) } : []
    demands = Mutex(pools.map { _ in HeldDemand() })
  }

  /// Measures what is measured now and then, until its task is cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lag in lags { group.addTask { try await lag.run(now: NodeClock.monotonic) } }
      for loop in loops { group.addTask { try await loop.run() } }
      group.addTask {
        while !Task.isCancelled {
          try await Task.sleep(for: Self.interval)
          self.lookAtDemand()
        }
      }
      try await group.waitForAll()
    }
  }

  /// The names of the pools.
  var services: [String] { pools.map(\.service) }

  func signals() -> NodeSignals? { read(service: nil) }

  /// - Parameter service: pools of this one alone; all when nil.
  func read(service: String?) -> NodeSignals {
    let now = NodeClock.monotonic()
    let isWell = isWell
    let demands = demands.withLock { $0 }
    return NodeSignals(
      node: node, atMs: NodeClock.milliseconds(),
      pools: zip(pools, demands).compactMap { pool, held in
        guard service == nil || service == pool.service else { return nil }
        let reading = pool.reading()
        return PoolSignals(
          reading, utilizationMax: held.told(reading.utilizationMax, isWell: isWell))
      },
      dependencies: dependencies.map { DependencySignals($0) },
      subscriptions: lags.compactMap { $0.signals(at: now) },
      journals: NodeJournals.owners.compactMap { owner in
        journals.open[owner].map { journal in
          JournalSignals(
            journal: journal.name, waiting: UInt64(clamping: journal.waitingAppends),
            commits: UInt64(clamping: journal.statistics.commits),
            commit: journals.commits[owner]?.quantiles(at: now).map { WaitTimes($0) })
        }
      },
      loops: loops.map { $0.signals(at: now) })
  }

  private var isWell: Bool { dependencies.allSatisfy(\.isWell) }

  private func lookAtDemand() {
    let isWell = isWell
    let readings = pools.map { $0.reading().utilizationMax }
    demands.withLock { demands in
      for (index, utilization) in readings.enumerated() {
        _ = demands[index].look(utilization, isWell: isWell)
      }
    }
  }
}
