import Messages

extension Render {
  /// - Parameter isWhole: more than the pools.
  static func signals(_ signals: NodeSignals, isWhole: Bool) -> String {
    var parts = ["\(signals.node)  \(Show.time(ms: signals.atMs))", pools(signals.pools)]
    guard isWhole else { return parts.joined(separator: "\n") }
    parts += ["", dependencies(signals.dependencies)]
    parts += ["", subscriptions(signals.subscriptions)]
    parts += ["", times(signals)]
    return parts.joined(separator: "\n")
  }

  private static func pools(_ pools: [PoolSignals]) -> String {
    var table = Table(
      "pool", "replicas", "at work", "waiting", "oldest", "offered", "used", "of most", "wait p99",
      "in/s", "out/s", "shed/s", "shed")
    for pool in pools {
      let demand = pool.demand
      table.add(
        Table.Cell(pool.service),
        .right("\(pool.replicas) of \(pool.replicasMin)-\(pool.replicasMax)"),
        .right("\(pool.inFlight)/\(pool.capacity)"), .number(pool.waiting),
        .right(pool.waiting > 0 ? time(pool.oldestWaitingUs) : unknown),
        .right(demand.map { tenths($0.offeredMilli) } ?? unknown),
        .right(demand.map { percent($0.utilizationMilli) } ?? unknown),
        .right(demand.map { percent($0.utilizationMaxMilli) } ?? unknown),
        .right(pool.queueWait.map { time($0.p99Us) } ?? unknown),
        .right(demand.map { tenths($0.arrivalsMilli) } ?? unknown),
        .right(demand.map { tenths($0.completionsMilli) } ?? unknown),
        .right(demand.map { tenths($0.shedsMilli) } ?? unknown), .number(pool.shed))
    }
    return table.text(nothing: "no pools here")
  }

  private static func dependencies(_ dependencies: [DependencySignals]) -> String {
    var table = Table("dependency", "under way", "waiting", "refused", "breaker")
    for dependency in dependencies {
      let isWell = dependency.state == "closed"
      table.add(
        Table.Cell(dependency.dependency), .number(dependency.underWay),
        .number(dependency.waiting), .number(dependency.refused),
        Table.Cell(dependency.state, isWell ? .green : .yellow))
    }
    return table.text(nothing: "no dependencies")
  }

  private static func subscriptions(_ subscriptions: [SubscriptionSignals]) -> String {
    var table = Table("subscriber", "source", "events behind", "oldest")
    for subscription in subscriptions {
      table.add(
        Table.Cell(subscription.subscriber), Table.Cell(subscription.source),
        .number(subscription.lagEvents), .right(Show.duration(ms: subscription.lagMs)))
    }
    return table.text(nothing: "no subscriptions that are known")
  }

  private static func times(_ signals: NodeSignals) -> String {
    var table = Table("journal or loop", "waiting", "p50", "p95", "p99")
    for journal in signals.journals {
      table.add(
        Table.Cell("commits of \(journal.journal)"), .number(journal.waiting),
        .right(journal.commit.map { time($0.p50Us) } ?? unknown),
        .right(journal.commit.map { time($0.p95Us) } ?? unknown),
        .right(journal.commit.map { time($0.p99Us) } ?? unknown))
    }
    for loop in signals.loops {
      table.add(
        Table.Cell("delay of event loop \(loop.loop)"), .right(unknown),
        .right(loop.delay.map { time($0.p50Us) } ?? unknown),
        .right(loop.delay.map { time($0.p95Us) } ?? unknown),
        .right(loop.delay.map { time($0.p99Us) } ?? unknown))
    }
    return table.text()
  }

  private static let unknown = "-"

  private static func time(_ microseconds: UInt64) -> String {
    Show.duration(.microseconds(Int64(clamping: microseconds)))
  }

  private static func percent(_ milli: UInt64) -> String { tenths(milli &* 100) + " %" }

  private static func tenths(_ milli: UInt64) -> String { "\(milli / 1000).\(milli / 100 % 10)" }
}
