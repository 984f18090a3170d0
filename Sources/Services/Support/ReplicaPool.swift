import Journal
import Synchronization
package import Transport

/// The replicas of one service on one node, keyed by aggregate.
///
/// A key always reaches the same replica: it hashes to one of `slotCount` slots and a slot belongs
/// to one replica. What waits and works at once is bounded; beyond that a call is refused at once.
package final class ReplicaPool<Replica: Actor>: Sendable {
  /// Slots a pool is divided into; fixed, so that growing moves slots and never rehashes keys.
  package static var slotCount: Int { 256 }

  package let service: String
  package let replicas: [Replica]
  /// Commands taken and not yet answered, over all replicas.
  package let inFlightMax: Int
  private let inFlight = Atomic<Int>(0)
  private let shed = Atomic<Int>(0)

  /// `replicas` must not be empty; without any, every call is refused.
  package init(service: String, replicas: [Replica], inFlightMax: Int) {
    self.service = service
    self.replicas = replicas
    self.inFlightMax = inFlightMax
  }

  /// Commands taken and not yet answered.
  package var inFlightCount: Int { inFlight.load(ordering: .relaxed) }
  /// Commands refused because too many were in flight.
  package var shedCount: Int { shed.load(ordering: .relaxed) }

  /// Runs `body` with the replica that owns `key`.
  /// Throws RESOURCE_EXHAUSTED, with nothing begun, when too much is in flight already.
  package nonisolated(nonsending) func withReplica<Value>(
    for key: String,
    _ body: nonisolated(nonsending) (Replica) async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    let taken = inFlight.wrappingAdd(1, ordering: .relaxed).newValue
    defer { inFlight.wrappingSubtract(1, ordering: .relaxed) }
    guard taken <= inFlightMax, let replica = replica(for: key) else {
      shed.wrappingAdd(1, ordering: .relaxed)
      throw RPCError(
        code: .resourceExhausted, message: "\(service) is busy; try again a little later",
        retryAfter: .milliseconds(250), unprocessed: true)
    }
    return try await body(replica)
  }

  /// The replica that owns `key`; nil only for an empty pool.
  package func replica(for key: String) -> Replica? {
    let slot = Partition.holding(id: key, of: Self.slotCount).index
    return replicas.isEmpty ? nil : replicas[slot % replicas.count]
  }
}
