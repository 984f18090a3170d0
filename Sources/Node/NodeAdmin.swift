import Domain
import Journal
import Logging
import Messages
import Resilience
import Services
import Transport

/// The operators' service: what runs here, the audit, events that were set aside.
struct NodeAdmin: AdminServiceProtocol {
  let config: NodeConfig
  let live: LiveConfig
  let startedAtMs: Int64
  let pools: [PoolControl]
  let followers: [(service: ServiceName, follower: Follower)]
  let audit: NodeAudit
  /// nil when the dashboard does not run here.
  let dashboard: NodeDashboard?
  /// The guards of what this node calls.
  let dependencies: [DependencyGuard]
  let journals: NodeJournals
  /// Whom it asks about what runs elsewhere.
  let peers: NodePeers
  /// What became of the work beside calls.
  let works: WorkRegister
  let log: Logger

  /// How long a saga may be under way before the audit counts it.
  private static let auditGrace = Duration.seconds(60)

  func getNode(
    _ request: GetNodeRequest, context: CallContext
  ) async throws(RPCError) -> GetNodeResponse {
    GetNodeResponse(
      node: config.nodeName, version: NodeVersion.text, startedAtMs: startedAtMs,
      services: pools.map { pool in
        let reading = pool.reading()
        return ServicePool(
          service: reading.service, replicas: UInt32(clamping: reading.replicas),
          inFlight: UInt64(clamping: reading.inFlight), waiting: UInt64(clamping: reading.waiting),
          completed: reading.completed)
      },
      background: works.entries.map {
        BackgroundWork(
          name: $0.name, running: $0.isRunning, restarts: UInt32(clamping: $0.restarts),
          stalls: UInt32(clamping: $0.stalls), lastReason: $0.lastReason)
      })
  }

  func audit(
    _ request: AuditRequest, context: CallContext
  ) async throws(RPCError) -> AuditResponse {
    // Beside the event loop that the call came on.
    let report = try await withTaskExecutorPreference(globalConcurrentExecutor) {
      () async throws(RPCError) in
      try await audit.run(grace: Self.auditGrace)
    }
    return AuditResponse(
      counts: report.counts.map { AuditCount(name: $0.name, value: $0.value) },
      violations: report.violations.map {
        AuditViolation(promise: $0.promise, orderID: $0.subject, text: $0.text)
      },
      moreViolations: report.violationCount > report.violations.count)
  }

  nonisolated(nonsending) func rebuildDashboard(
    _ request: RebuildDashboardRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (RebuildDashboardUpdate) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    guard let dashboard else {
      throw RPCError(
        code: .failedPrecondition, message: "the dashboard does not run on this node",
        unprocessed: true)
    }
    try await dashboard.rebuild(tell: send)
  }

  func getConfig(
    _ request: GetConfigRequest, context: CallContext
  ) async throws(RPCError) -> GetConfigResponse {
    let hidden = Set(Setting.all.filter(\.isHidden).map(\.key))
    return GetConfigResponse(
      node: config.nodeName,
      settings: live.now.values.filter { !hidden.contains($0.key) }.map {
        ConfigEntry(key: $0.key, value: $0.value, live: $0.isLive)
      })
  }
}
