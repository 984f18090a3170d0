import Messages
import Resilience
import Services

extension WaitTimes {
  init(_ quantiles: Quantiles) {
    self.init(p50: quantiles.p50, p95: quantiles.p95, p99: quantiles.p99)
  }

  init(p50: Duration, p95: Duration, p99: Duration) {
    self.init(
      p50Us: p50.microseconds, p95Us: p95.microseconds, p99Us: p99.microseconds)
  }
}

extension PoolSignals {
  /// - Parameter utilizationMax: what pods are to scale on.
  init(_ pool: PoolReading, utilizationMax: Double?) {
    self.init(
      service: pool.service, replicas: UInt32(clamping: pool.replicas),
      replicasMin: UInt32(clamping: pool.replicasMin),
      replicasMax: UInt32(clamping: pool.replicasMax), capacity: UInt64(clamping: pool.capacity),
      capacityMax: UInt64(clamping: pool.capacityMax), inFlight: UInt64(clamping: pool.inFlight),
      waiting: UInt64(clamping: pool.waiting),
      oldestWaitingUs: pool.oldestWaiting?.microseconds ?? 0,
      queueWait: pool.queueWait.map { WaitTimes(p50: $0.p50, p95: $0.p95, p99: $0.p99) },
      arrived: pool.arrived, completed: pool.completed, shed: pool.shed,
      demand: PoolDemand(pool, utilizationMax: utilizationMax))
  }
}

extension PoolDemand {
  /// nil unless all of it is known.
  fileprivate init?(_ pool: PoolReading, utilizationMax: Double?) {
    guard let offered = pool.offered, let utilization = pool.utilization, let utilizationMax,
      let arrivals = pool.arrivalRate, let completions = pool.completionRate,
      let sheds = pool.shedRate
    else { return nil }
    self.init(
      offeredMilli: milli(offered), utilizationMilli: milli(utilization),
      utilizationMaxMilli: milli(utilizationMax), arrivalsMilli: milli(arrivals),
      completionsMilli: milli(completions), shedsMilli: milli(sheds))
  }
}

extension DependencySignals {
  init(_ dependency: DependencyGuard) {
    let snapshot = dependency.snapshot()
    self.init(
      dependency: dependency.name,
      state: snapshot.breaker.state.name.split(separator: " ").joined(separator: "-"),
      underWay: UInt32(clamping: snapshot.inside), waiting: UInt32(clamping: snapshot.queued),
      refused: snapshot.breaker.counters.rejected &+ snapshot.turnedAway)
  }
}

/// Thousandths, whole and bounded.
private func milli(_ value: Double) -> UInt64 {
  value.isFinite && value > 0 ? UInt64((min(value, 1e12) * 1000).rounded()) : 0
}

extension Duration {
  fileprivate var microseconds: UInt64 { UInt64(clamping: wholeNanoseconds / 1000) }
}
