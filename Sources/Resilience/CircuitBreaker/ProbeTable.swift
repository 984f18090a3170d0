/// The probes of one half-open state. Holds what makes "exactly N" true: those under way and those
/// that have reported are together never more than N, and every one under way has a lease.
struct ProbeTable: Sendable {
  private struct Slot: Sendable {
    /// Told apart from the slot's earlier probes.
    var number: UInt64 = 0
    /// nil: free.
    var leaseEnds: MonotonicInstant?
  }

  /// Names a probe.
  struct Probe: Hashable, Sendable {
    fileprivate let slot: Int
    fileprivate let number: UInt64
  }

  private var slots: [Slot]
  private(set) var live = 0
  private(set) var tally = CallTally()

  init(capacity: Int) { slots = Array(repeating: Slot(), count: capacity) }

  /// Every probe has reported.
  var isComplete: Bool { tally.calls >= slots.count }

  /// The end of the lease that ends first.
  var firstLeaseEnd: MonotonicInstant? { slots.lazy.compactMap(\.leaseEnds).min() }

  /// Whether one is left to take.
  var hasFree: Bool { live + tally.calls < slots.count }

  /// nil if none is left.
  mutating func take(until leaseEnds: MonotonicInstant) -> Probe? {
    guard hasFree,
      let index = slots.firstIndex(where: { $0.leaseEnds == nil })
    else { return nil }
    slots[index].number &+= 1
    slots[index].leaseEnds = leaseEnds
    live += 1
    return Probe(slot: index, number: slots[index].number)
  }

  /// Frees the probe's slot; false if the probe is not under way any more.
  mutating func free(_ probe: Probe) -> Bool {
    guard slots.indices.contains(probe.slot), slots[probe.slot].number == probe.number,
      slots[probe.slot].leaseEnds != nil
    else { return false }
    slots[probe.slot].leaseEnds = nil
    live -= 1
    return true
  }

  mutating func report(isFailure: Bool, isSlow: Bool) {
    tally.add(isFailure: isFailure, isSlow: isSlow)
  }

  /// Takes back what has outlived its lease, as failed; says how many.
  mutating func expire(at now: MonotonicInstant) -> Int {
    guard live > 0 else { return 0 }
    var expired = 0
    for index in slots.indices {
      guard let end = slots[index].leaseEnds, end <= now else { continue }
      slots[index].leaseEnds = nil
      live -= 1
      tally.add(isFailure: true, isSlow: false)
      expired += 1
    }
    return expired
  }

  /// All free and nothing reported. Numbers go on, so that no old probe is taken for a new one.
  mutating func removeAll() {
    for index in slots.indices { slots[index].leaseEnds = nil }
    live = 0
    tally = CallTally()
  }
}
