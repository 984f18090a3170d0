/// The replicas of one service and which of them a call goes to. Pure: time and chance are handed
/// in, and whoever asks does the calling.
public struct ReplicaTable: Sendable {
  /// What is known of a replica besides how its calls end.
  public enum Readiness: Int, Sendable, Hashable {
    /// Its health says SERVING.
    case ready
    /// Nobody has asked yet, or it does not tell.
    case unknown
    /// It cannot be reached, is going away, or says that it does not serve.
    case notReady
  }

  /// How a call ended, as far as the replica goes.
  public enum Outcome: Sendable, Hashable {
    case answered
    case failed
    /// No answer in time to a call that began then. A failure, unless another call was answered
    /// since: what takes long may be what was asked, such as to wait for something.
    case silent(since: MonotonicInstant)
    /// Says nothing about the replica: the caller gave up or was in a hurry, or it was refused for
    /// load.
    case neither
  }

  struct Replica: Sendable {
    let id: Int
    let address: ReplicaAddress
    let hash: UInt64
    var inFlight = 0
    var readiness = Readiness.unknown
    var answeredAt: MonotonicInstant?
    var outcomes = OutlierRecord()
  }

  let policy: BalancePolicy
  private(set) var replicas: [Replica] = []
  private var nextID = 0

  public init(_ policy: BalancePolicy) { self.policy = policy }

  /// The addresses in use, by the replicas' numbers.
  public var addresses: [Int: ReplicaAddress] {
    Dictionary(uniqueKeysWithValues: replicas.map { ($0.id, $0.address) })
  }

  /// Takes over where the service runs now; what is known of those that stay is kept. At most
  /// `BalancePolicy.replicasMax` are taken.
  /// - Returns: the replicas that came and those that have gone.
  public mutating func replace(
    _ addresses: [ReplicaAddress]
  ) -> (came: [Int], gone: [Int]) {
    var wanted: [ReplicaAddress] = []
    for address in addresses where !wanted.contains(address) { wanted.append(address) }
    wanted = Array(wanted.prefix(BalancePolicy.replicasMax))
    let gone = replicas.filter { !wanted.contains($0.address) }.map(\.id)
    replicas.removeAll { gone.contains($0.id) }
    var came: [Int] = []
    for address in wanted where !replicas.contains(where: { $0.address == address }) {
      nextID += 1
      replicas.append(
        Replica(
          id: nextID, address: address, hash: RendezvousHash.hash(address.description.utf8)))
      came.append(nextID)
    }
    return (came, gone)
  }

  /// Which replica a call goes to; nil when all have been tried.
  ///
  /// Of those that are best to ask (ready; else unknown; else ejected; else not ready, since it may
  /// be wrong about itself) a call with a key takes the one that rendezvous hashing says, any other
  /// the less busy one of two that chance picks.
  public func choose(
    key: UInt64?, tried: [Int], at now: MonotonicInstant, chance: UInt64
  ) -> Int? {
    var best = Int.max
    var count = 0
    var winner: (id: Int, weight: UInt64)?
    for replica in replicas where !tried.contains(replica.id) {
      let rank = rank(replica, at: now)
      guard rank <= best else { continue }
      if rank < best { (best, count, winner) = (rank, 0, nil) }
      count += 1
      guard let key else { continue }
      let weight = RendezvousHash.weight(key: key, replica: replica.hash)
      if winner.map({ weight > $0.weight }) ?? true { winner = (replica.id, weight) }
    }
    guard count > 0 else { return nil }
    if key != nil { return winner?.id }
    let first = Int(chance % UInt64(count))
    // Another one than the first, if there is one.
    let step = count > 1 ? 1 + Int((chance >> 32) % UInt64(count - 1)) : 0
    let second = (first + step) % count
    var candidates: (Replica?, Replica?) = (nil, nil)
    var place = 0
    for replica in replicas where !tried.contains(replica.id) && rank(replica, at: now) == best {
      if place == first { candidates.0 = replica }
      if place == second { candidates.1 = replica }
      place += 1
    }
    guard let one = candidates.0, let other = candidates.1 else { return nil }
    return one.inFlight <= other.inFlight ? one.id : other.id
  }

  private func rank(_ replica: Replica, at now: MonotonicInstant) -> Int {
    switch replica.readiness {
    case .notReady: 3
    case .ready: replica.outcomes.isEjected(at: now) ? 2 : 0
    case .unknown: replica.outcomes.isEjected(at: now) ? 2 : 1
    }
  }
}

extension ReplicaTable {
  /// A call goes to that replica.
  public mutating func began(_ id: Int) {
    guard let index = replicas.firstIndex(where: { $0.id == id }) else { return }
    replicas[index].inFlight += 1
  }

  /// A call at that replica has ended. Ejects it when it has given cause, unless too many are left
  /// out already.
  public mutating func ended(
    _ id: Int, _ outcome: Outcome, at now: MonotonicInstant, chance: UInt64
  ) {
    guard let index = replicas.firstIndex(where: { $0.id == id }) else { return }
    replicas[index].inFlight -= 1
    let isFailure: Bool
    switch outcome {
    case .neither: return
    case .answered:
      replicas[index].answeredAt = now
      isFailure = false
    case .failed: isFailure = true
    case .silent(let begun):
      if let answered = replicas[index].answeredAt, answered >= begun { return }
      isFailure = true
    }
    guard replicas[index].outcomes.note(failed: isFailure, at: now, policy) else { return }
    let ejected = replicas.count { $0.outcomes.isEjected(at: now) }
    guard (ejected + 1) * 100 <= replicas.count * policy.ejectedPercentMax else { return }
    replicas[index].outcomes.eject(at: now, policy, chance: chance)
  }

  /// What a replica's health or connection says.
  public mutating func set(_ readiness: Readiness, of id: Int) {
    guard let index = replicas.firstIndex(where: { $0.id == id }) else { return }
    replicas[index].readiness = readiness
  }

  /// Whether the replica is left out for how its calls ended.
  public func isEjected(_ id: Int, at now: MonotonicInstant) -> Bool {
    replicas.first { $0.id == id }?.outcomes.isEjected(at: now) ?? false
  }
}
