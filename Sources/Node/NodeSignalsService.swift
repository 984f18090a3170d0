import Messages
import Services
import Transport

/// How busy this node is, and why its pools have the replicas they have.
struct NodeSignalsService: SignalsServiceProtocol {
  let pools: PoolScaler

  func getSignals(
    _ request: GetSignalsRequest, context: CallContext
  ) async throws(RPCError) -> Messages.NodeSignals {
    throw Self.notHere
  }

  nonisolated(nonsending) func watchSignals(
    _ request: WatchSignalsRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (Messages.NodeSignals) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    throw Self.notHere
  }

  func explainScaling(
    _ request: ExplainScalingRequest, context: CallContext
  ) async throws(RPCError) -> ExplainScalingResponse {
    try pools.explain(request)
  }

  private static let notHere = RPCError(
    code: .unimplemented, message: "this node does not tell its signals yet", unprocessed: true)
}
