import Services

/// What a pool is doing, whatever its replicas are.
struct PoolGauge: Sendable {
  let service: String
  let replicas: Int
  let inFlight: @Sendable () -> Int

  init<Replica: Actor>(_ pool: ReplicaPool<Replica>) {
    service = pool.service
    replicas = pool.replicas.count
    inFlight = { pool.inFlightCount }
  }
}
