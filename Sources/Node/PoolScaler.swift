import Domain
import Logging
import Messages
import Resilience
import Services
import Transport

/// Makes the pools of a node follow their load, and says why they have the replicas they have.
struct PoolScaler: Sendable {
  private struct Member: Sendable {
    let service: ServiceName
    let autoscaler: PoolAutoscaler
  }

  private var members: [Member] = []

  /// Decisions told when the caller does not say how many.
  private static let explainedDefault = 10
  /// Services whose commands wait for payment.
  private static let paymentCallers: Set<ServiceName> = [.order, .payment]

  /// The pools, in the order in which they were made.
  var controls: [PoolControl] { members.map(\.autoscaler.control) }

  mutating func add(
    _ control: PoolControl, of service: ServiceName, _ config: NodeConfig,
    _ environment: ServiceEnvironment
  ) throws(PolicyError) {
    members.append(
      Member(
        service: service,
        autoscaler: try PoolAutoscaler(
          control, PoolAutoscaler.Settings(config, service), now: environment.now)))
  }

  /// Takes up other bounds and settings: all of them or, when it throws, none.
  func replace(_ config: NodeConfig) throws(PolicyError) {
    for member in members {
      let (most, made) = (
        config.pools[service: member.service].replicasMax, member.autoscaler.control.replicasMade
      )
      guard most > made else { continue }
      throw PolicyError(
        field: "pools.\(member.service.rawValue).replicas_max",
        problem: "\(most) is more than the \(made) that were made at the start")
    }
    for member in members {
      let pool = config.pools[service: member.service]
      try member.autoscaler.replace(
        PoolAutoscaler.Settings(config, member.service), minimum: pool.replicasMin,
        maximum: pool.replicasMax)
    }
  }

  /// Runs until its task is cancelled.
  /// - Parameter dependencies: what the node's services call; while one of them is not well, less
  ///   load means nothing.
  func run(_ dependencies: [DependencyGuard], clock: TransportClock, log: Logger) async throws {
    while !Task.isCancelled {
      try await clock.sleep(clock.now().advanced(by: PoolAutoscaler.tickInterval))
      let unwell = dependencies.filter { !$0.isWell }.map(\.name)
      for member in members {
        let isCaller = Self.paymentCallers.contains(member.service)
        let troubles = unwell.map { name -> PoolAutoscaler.Trouble in
          let text = "the circuit breaker of \(name) is not closed"
          return isCaller ? .own(text) : .upstream(text)
        }
        guard let entry = member.autoscaler.tick(troubles) else { continue }
        log.info(
          "pool resized",
          metadata: ["pool": "\(entry.service)", "decision": "\(entry.text)"])
      }
    }
  }

  /// Why a pool has the replicas it has; of all pools when none is named.
  func explain(_ request: ExplainScalingRequest) throws(RPCError) -> ExplainScalingResponse {
    let asked = members.map(\.autoscaler).filter {
      request.service.isEmpty || $0.control.service == request.service
    }
    guard !asked.isEmpty else {
      let names = members.map(\.autoscaler.control.service).joined(separator: ", ")
      throw RPCError(
        code: .notFound,
        message: "no pool here is called '\(request.service)'; there are \(names)")
    }
    let limit =
      request.limit == 0
      ? Self.explainedDefault : min(Int(request.limit), PoolAutoscaler.entriesMax)
    let entries = asked.flatMap { $0.latest(limit) }.sorted { $1.at < $0.at }.prefix(limit)
    return ExplainScalingResponse(decisions: entries.map { ScalingDecision($0) })
  }
}

extension PoolAutoscaler.Settings {
  fileprivate init(_ config: NodeConfig, _ service: ServiceName) {
    self.init(
      evaluation: config.autoscale.evaluation, downWindow: config.autoscale.downWindow,
      targetPercent: config.pools[service: service].targetPercent)
  }
}

extension PoolLimits {
  /// What the node's file says of a service's pools.
  init(_ config: NodeConfig, _ service: ServiceName) {
    let pool = config.pools[service: service]
    self.init(
      minimum: pool.replicasMin, maximum: pool.replicasMax,
      capacityPerReplica: pool.capacityPerReplica,
      mailbox: MailboxPolicy(
        waitingMax: pool.mailboxMax, reservedPercent: config.overload.reservedPercent,
        target: config.overload.queueTarget, interval: config.overload.queueInterval))
  }
}

extension ScalingDecision {
  fileprivate init(_ entry: PoolAutoscaler.Entry) {
    let decision = entry.decision
    self.init(
      service: entry.service, atMs: entry.at.ms, current: UInt32(clamping: decision.current),
      desired: UInt32(clamping: decision.desired),
      recommended: UInt32(clamping: decision.recommended ?? 0),
      bounds: decision.bounds.map(\.rawValue) + entry.troubles,
      metrics: decision.metrics.map { ScalingMetric($0, of: entry) }, text: entry.text)
  }
}

extension ScalingMetric {
  fileprivate init(_ verdict: MetricVerdict, of entry: PoolAutoscaler.Entry) {
    self.init(
      name: verdict.name, targetMilli: Self.milli(entry.target),
      ratioMilli: Self.milli(verdict.adjustedRatio ?? verdict.ratio ?? 0),
      invalid: verdict.invalid?.rawValue ?? "", proposed: UInt32(clamping: verdict.proposed ?? 0))
    if verdict.invalid == nil, let offered = entry.offered { valueMilli = Self.milli(offered) }
  }

  private static func milli(_ value: Double) -> UInt64 {
    value.isFinite && value > 0 ? UInt64(min(value, 1e12) * 1000) : 0
  }
}
