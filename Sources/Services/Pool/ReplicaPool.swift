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
///
/// A replica has a seat on every event loop, an actor each, and works where it is called from: a
/// call that came in on a loop stays there. Its seats share what it knows too, turns of aggregates
/// included.
package final class ReplicaPool<Replica: Actor>: Sendable {
  /// Its size, its mailbox, and what it is doing.
  package let control: PoolControl
  /// The seats of the first replica by the number of their loop, those of the second, and so on.
  private let seats: [Replica]
  private let seatsEach: Int
  /// The control's own, which keeps them alive: reached without counting references, which would
  /// cost more than all the rest of an uncontended call.
  private let door: Unmanaged<PoolDoor>
  private let slots: Unmanaged<PoolSlots>

  /// There should be as many replicas as `limits.maximum`; fewer are fewer. Without any, every call
  /// is refused.
  /// - Parameter replicas: the seats of each, by the number of their event loop
  ///   (`LoopExecutor.currentNumber`), as many for one as for the other: the fewest count.
  package init(
    service: String, replicas: [[Replica]], limits: PoolLimits, clock: TransportClock = .system
  ) {
    let seatsEach = replicas.map(\.count).min() ?? 0
    let count = seatsEach > 0 ? replicas.count : 0
    var limits = limits
    limits.maximum = min(limits.maximum, count, PoolSlots.replicasMax)
    limits.minimum = min(limits.minimum, limits.maximum)
    self.seatsEach = seatsEach
    seats = replicas.flatMap { $0.prefix(seatsEach) }
    control = PoolControl(service: service, limits: limits, clock: clock)
    door = Unmanaged.passUnretained(control.door)
    slots = Unmanaged.passUnretained(control.slots)
  }

  /// Of replicas with one seat each.
  package convenience init(
    service: String, replicas: [Replica], limits: PoolLimits, clock: TransportClock = .system
  ) {
    self.init(service: service, replicas: replicas.map { [$0] }, limits: limits, clock: clock)
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
    return try await body(seat(of: place.replica))
  }

  /// Returns once a seat on each event loop has been where it works, whatever else is done there
  /// meanwhile: the slowest loop decides how long that takes, not how many there are. The seats of
  /// one loop share its executor, so that one of them tells for all.
  package func visit() async {
    await withDiscardingTaskGroup { group in
      for seat in seats.prefix(seatsEach) {
        group.addTask { await self.call(at: seat) }
      }
    }
  }

  // Without anything to do there, the optimizer leaves out the way there too.
  private func call(at replica: isolated Replica) { replica.preconditionIsolated() }

  /// The replica that owns `key` now, for what neither takes a place nor changes an aggregate; nil
  /// only for an empty pool.
  package func replica(for key: String) -> Replica? {
    seats.isEmpty ? nil : seat(of: control.slots.replica(for: key))
  }

  /// The one on this loop; elsewhere any, the same for a replica each time.
  @inline(__always)
  private func seat(of replica: Int) -> Replica {
    guard seatsEach > 1 else { return seats[replica] }
    let loop = LoopExecutor.currentNumber ?? replica
    return seats[replica * seatsEach + loop % seatsEach]
  }
}
