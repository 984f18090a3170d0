package import Resilience
import Synchronization
import Transport

/// How large a pool may be, and how much it takes in.
package struct PoolLimits: Sendable, Equatable {
  package var minimum: Int
  package var maximum: Int
  /// Commands that one replica works on at once.
  package var capacityPerReplica: Int
  package var mailbox: MailboxPolicy

  package init(minimum: Int, maximum: Int, capacityPerReplica: Int, mailbox: MailboxPolicy) {
    self.minimum = minimum
    self.maximum = maximum
    self.capacityPerReplica = capacityPerReplica
    self.mailbox = mailbox
  }

  /// A size that never changes.
  package static func fixed(
    _ replicas: Int, capacityPerReplica: Int, mailbox: MailboxPolicy
  ) -> PoolLimits {
    PoolLimits(
      minimum: replicas, maximum: replicas, capacityPerReplica: capacityPerReplica,
      mailbox: mailbox)
  }
}

/// A pool without its replicas: its size, its door, and which slot belongs to which replica. What
/// signals are read from, and what autoscaling acts on.
///
/// Places are the pool's: as many as its replicas have together. So a new replica's places count at
/// once, whatever its slots are doing; and after shrinking nothing is let in until those that are
/// inside are few enough.
package final class PoolControl: Sendable {
  package let service: String
  let slots: PoolSlots
  let door: PoolDoor
  private let clock: TransportClock
  /// The most replicas there can ever be: so many were made.
  package let replicasMade: Int
  private let state: Mutex<(size: Int, limits: PoolLimits)>

  init(service: String, limits: PoolLimits, clock: TransportClock) {
    self.service = service
    self.clock = clock
    replicasMade = limits.maximum
    state = Mutex((limits.minimum, limits))
    slots = PoolSlots(replicas: limits.minimum)
    door = PoolDoor(
      service: service, policy: limits.mailbox,
      capacity: limits.minimum * limits.capacityPerReplica, clock: clock)
  }

  /// Replicas there are.
  package var replicas: Int { state.withLock { $0.size } }
  package var limits: PoolLimits { state.withLock { $0.limits } }
  /// Commands taken and not yet answered, those that wait not included.
  package var inFlight: Int { door.inside }
  /// Slots that wait for the last of their commands before they move to another replica.
  package var slotsMoving: Int { slots.moving }

  /// Grows or shrinks to `replicas`, within the bounds; answers with the size it then has. Growing
  /// takes effect at once. Shrinking interrupts nothing: the replicas that are too many finish what
  /// they have begun, and each slot moves when nothing of it is under way.
  @discardableResult
  package func resize(to replicas: Int) -> Int {
    state.withLock { state in
      let limits = state.limits
      let wanted = min(max(replicas, limits.minimum), limits.maximum)
      guard wanted != state.size else { return state.size }
      state.size = wanted
      slots.spread(over: wanted)
      door.resize(to: wanted * limits.capacityPerReplica)
      return wanted
    }
  }

  /// Other bounds from now on; a size beyond them is brought within. The most cannot be more than
  /// the replicas that were made: it is cut there.
  package func bound(minimum: Int, maximum: Int) {
    let size = state.withLock { state in
      state.limits.maximum = min(max(maximum, 1), replicasMade)
      state.limits.minimum = min(max(minimum, 1), state.limits.maximum)
      return state.size
    }
    resize(to: size)
  }

  /// To be called every some tens of milliseconds: sends away those whose time has passed while
  /// nothing moved, and looks at what the pool is doing.
  package func tick() {
    door.expire()
    _ = door.look(isRemembered: true)
  }

  /// What the pool has done until now.
  package func sample() -> PoolSample { door.look().sample }

  /// What the pool is doing.
  package func reading() -> PoolReading {
    let look = door.look(withWaits: true)
    let (replicas, limits) = state.withLock { $0 }
    let lately = look.lately
    return PoolReading(
      service: service, replicas: replicas, replicasMin: limits.minimum,
      replicasMax: limits.maximum, capacity: replicas * limits.capacityPerReplica,
      capacityMax: limits.maximum * limits.capacityPerReplica, inFlight: look.inside,
      waiting: look.waiting,
      oldestWaiting: look.oldest.map {
        .nanoseconds(max(0, look.sample.at.nanoseconds(since: $0)))
      },
      queueWait: look.waits.map { PoolReading.Waits(p50: $0.p50, p95: $0.p95, p99: $0.p99) },
      arrived: look.sample.arrived, completed: look.sample.completed,
      shed: look.sample.shed, offered: lately?.offered, arrivalRate: lately?.arrivalRate,
      completionRate: lately?.completionRate, shedRate: lately?.shedRate)
  }
}
