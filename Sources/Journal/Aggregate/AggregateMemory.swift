import Synchronization

/// What the replicas of one pool share of their aggregates: whose turn it is with each, and those
/// used last.
///
/// It belongs to the pool and not to a replica, so that an aggregate may move from one replica to
/// another at any moment: its turn and its latest state are the same for both. Divided into shards
/// by key, so that replicas on different threads hardly meet.
public final class AggregateMemory: Sendable {
  /// One part of it, which has its own keys.
  @usableFromInline
  final class Shard: Sendable {
    @usableFromInline let gate: KeyedGate
    private let cache: Mutex<ObjectCache>

    init(waitersPerKeyMax: Int, capacity: Int) {
      gate = KeyedGate(waitersPerKeyMax: waitersPerKeyMax)
      cache = Mutex(ObjectCache(capacity: capacity))
    }

    @usableFromInline
    func object(for id: String) -> ObjectCache.Object? { cache.withLock { $0.object(for: id) } }

    /// Within the aggregate's turn.
    @usableFromInline
    func insert(_ object: ObjectCache.Object, for id: String) {
      cache.withLock { $0.insert(object, for: id) }
    }

    @usableFromInline
    func remove(_ id: String) { cache.withLock { $0.remove(id) } }
  }

  /// Enough for as many threads as a machine has.
  public static let shardsOfPool = 32

  @usableFromInline let limits: AggregateLimits
  private let shards: [Shard]

  /// - Parameter shards: a power of two, or the next one above; 1 for a replica of its own.
  public init(_ limits: AggregateLimits = AggregateLimits(), shards: Int = 1) {
    self.limits = limits
    var count = 1
    while count < min(shards, 1_024) { count *= 2 }
    let capacity = (limits.cachedAggregatesMax + count - 1) / count
    self.shards = (0..<count).map { _ in
      Shard(waitersPerKeyMax: limits.waitersPerAggregateMax, capacity: capacity)
    }
  }

  /// What a pool's replicas share.
  public static func pool() -> AggregateMemory {
    AggregateMemory(AggregateLimits(cachedAggregatesMax: 8_192), shards: shardsOfPool)
  }

  /// Where this aggregate is.
  @usableFromInline
  func shard(of id: String) -> Shard {
    guard shards.count > 1 else { return shards[0] }
    return shards[Int(truncatingIfNeeded: KeyHash.of(id) >> 32) & (shards.count - 1)]
  }
}
