import Resilience
package import Transport

/// The replicas of one service on one node, keyed by aggregate.
///
/// A key reaches one replica at a time: it hashes to one of a fixed number of slots, and a slot
/// belongs to one replica until nothing of it is under way. What works at once is bounded by the
/// replicas' places, and what waits by the mailbox; beyond that a call is refused at once, with
/// nothing begun.
///
/// All replicas it may ever have are made at the start; those beyond its size have no slots. What
/// they know of their aggregates they share (`AggregateMemory`), so that moving a slot moves nothing
/// else.
package final class ReplicaPool<Replica: Actor>: Sendable {
  /// Its size, its mailbox, and what it is doing.
  package let control: PoolControl
  private let replicas: [Replica]
  /// The control's own, which keeps them alive: reached without counting references, which would
  /// cost more than all the rest of an uncontended call.
  private let door: Unmanaged<PoolDoor>
  private let slots: Unmanaged<PoolSlots>

  /// There should be as many replicas as `limits.maximum`; fewer are fewer. Without any, every call
  /// is refused.
  package init(
    service: String, replicas: [Replica], limits: PoolLimits, clock: TransportClock = .system
  ) {
    var limits = limits
    limits.maximum = min(limits.maximum, replicas.count, PoolSlots.replicasMax)
    limits.minimum = min(limits.minimum, limits.maximum)
    self.replicas = replicas
    control = PoolControl(service: service, limits: limits, clock: clock)
    door = Unmanaged.passUnretained(control.door)
    slots = Unmanaged.passUnretained(control.slots)
  }

  /// Of a size that never changes: `inFlightMax` commands at once, and none waits.
  package convenience init(
    service: String, replicas: [Replica], inFlightMax: Int, clock: TransportClock = .system
  ) {
    let each = replicas.isEmpty ? 0 : (inFlightMax + replicas.count - 1) / replicas.count
    self.init(
      service: service, replicas: replicas,
      limits: .fixed(
        replicas.count, capacityPerReplica: each,
        mailbox: MailboxPolicy(waitingMax: 0, reservedPercent: 0)), clock: clock)
  }

  package var service: String { control.service }
  /// Commands taken and not yet answered.
  package var inFlightCount: Int { control.inFlight }

  /// Runs `body` with the replica that owns `key`, maybe after waiting for a place.
  /// Throws RESOURCE_EXHAUSTED, with nothing begun, when there is too much to do.
  package nonisolated(nonsending) func withReplica<Value>(
    for key: String, _ work: PoolWork,
    _ body: nonisolated(nonsending) (Replica) async throws(RPCError) -> Value
  ) async throws(RPCError) -> Value {
    if !door._withUnsafeGuaranteedRef({ $0.enterAtOnce() }) {
      try await control.door.enter(work)
    }
    defer { door._withUnsafeGuaranteedRef { $0.leave() } }
    let place = slots._withUnsafeGuaranteedRef { $0.enter(key) }
    defer { slots._withUnsafeGuaranteedRef { $0.leave(place) } }
    return try await body(replicas[place.replica])
  }

  /// Returns once each replica has been where it works, whatever else is done there meanwhile.
  package func visit() async {
    for replica in replicas { await call(at: replica) }
  }

  private func call(at replica: isolated Replica) {}

  /// The replica that owns `key` now, for what neither takes a place nor changes an aggregate; nil
  /// only for an empty pool.
  package func replica(for key: String) -> Replica? {
    replicas.isEmpty ? nil : replicas[control.slots.replica(for: key)]
  }
}
