import Domain
import Journal
import Messages
import Resilience
import Services
import Transport

/// The operators' service: what runs here, the audit, events that were set aside.
struct NodeAdmin: AdminServiceProtocol {
  let config: NodeConfig
  let startedAtMs: Int64
  let pools: [PoolGauge]
  let followers: [(service: ServiceName, follower: Follower)]
  let audit: NodeAudit
  /// nil when the dashboard does not run here.
  let dashboard: NodeDashboard?
  /// The guards of what this node calls.
  let dependencies: [DependencyGuard]
  let journals: NodeJournals

  /// How long a saga may be under way before the audit counts it.
  private static let auditGrace = Duration.seconds(60)
  private static let parkedDefault = 50
  private static let parkedMax = 1000

  func getNode(
    _ request: GetNodeRequest, context: CallContext
  ) async throws(RPCError) -> GetNodeResponse {
    GetNodeResponse(
      node: config.nodeName, version: NodeVersion.text, startedAtMs: startedAtMs,
      services: pools.map {
        ServicePool(
          service: $0.service, replicas: UInt32(clamping: $0.replicas),
          inFlight: UInt64(clamping: $0.inFlight()))
      })
  }

  func audit(
    _ request: AuditRequest, context: CallContext
  ) async throws(RPCError) -> AuditResponse {
    let report = try await audit.run(grace: Self.auditGrace)
    return AuditResponse(
      counts: report.counts.map { AuditCount(name: $0.name, value: $0.value) },
      violations: report.violations.map {
        AuditViolation(promise: $0.promise, orderID: $0.subject, text: $0.text)
      },
      moreViolations: report.violationCount > report.violations.count)
  }

  func listParked(
    _ request: ListParkedRequest, context: CallContext
  ) async throws(RPCError) -> ListParkedResponse {
    let limit = min(request.limit == 0 ? Self.parkedDefault : Int(request.limit), Self.parkedMax)
    var response = ListParkedResponse()
    for (service, follower) in followers
    where request.service.isEmpty || request.service == service.rawValue {
      do throws(JournalError) {
        let left = limit - response.events.count
        guard left > 0 else { break }
        let page = try await follower.destination.parked(
          for: follower.subscriber.name, after: nil, limit: left)
        response.events += page.map { Messages.ParkedEvent($0, of: service) }
      } catch { throw RPCError(error) }
    }
    return response
  }

  func replayParked(
    _ request: ParkedEventRequest, context: CallContext
  ) async throws(RPCError) -> ParkedEventResponse {
    let (follower, event) = try await parked(request)
    let outcome: ReplayOutcome
    do throws(ParkingError) {
      outcome = try await follower.replayParked(orderingKey: event.orderingKey)
    } catch { throw RPCError(error) }
    switch outcome {
    case .released(let replayed): return ParkedEventResponse(events: UInt32(clamping: replayed))
    case .nothingParked: return ParkedEventResponse(events: 0)
    case .stopped(let event, _):
      throw RPCError(
        code: .failedPrecondition, message: "it still cannot be handled: \(event.reason)")
    }
  }

  func discardParked(
    _ request: ParkedEventRequest, context: CallContext
  ) async throws(RPCError) -> ParkedEventResponse {
    let (follower, event) = try await parked(request)
    do throws(ParkingError) { try await follower.discardParked(event.key) } catch {
      throw RPCError(error)
    }
    return ParkedEventResponse(events: 1)
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

  private func parked(
    _ request: ParkedEventRequest
  ) async throws(RPCError) -> (Follower, StoredParkedEvent) {
    for (service, follower) in followers
    where service.rawValue == request.service && follower.subscriber.name == request.subscriber {
      let key = ParkedKey(
        subscriber: request.subscriber, partition: Partition(Int(request.partition)),
        position: Position(request.position))
      do throws(JournalError) {
        if let event = try await follower.destination.parkedEvent(key) { return (follower, event) }
      } catch { throw RPCError(error) }
    }
    throw RPCError(code: .notFound, message: "no such event is set aside")
  }
}
