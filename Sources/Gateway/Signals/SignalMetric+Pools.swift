import Messages

extension SignalMetric {
  /// What every name begins with.
  static let prefix = "baedal_"
  /// What the names of a pool's metrics begin with.
  static let poolPrefix = "baedal_pool_"

  static let pools: [SignalMetric] = poolSizes + poolDemand + poolCounters

  private static let poolSizes: [SignalMetric] = [
    pool("replicas", "Replicas of the pool.") { SignalNumber($0.replicas) },
    pool("replicas_min", "The fewest replicas it may have.") { SignalNumber($0.replicasMin) },
    pool("replicas_max", "The most replicas it may have.") { SignalNumber($0.replicasMax) },
    pool("capacity", "Commands at once that its replicas take.") { SignalNumber($0.capacity) },
    pool("capacity_max", "Commands at once that the most replicas would take.") {
      SignalNumber($0.capacityMax)
    },
    pool("in_flight", "Commands at work.") { SignalNumber($0.inFlight) },
    pool("waiting", "Commands in the mailbox.") { SignalNumber($0.waiting) },
    pool("oldest_waiting_seconds", "How long the command that waits longest has waited.") {
      $0.waiting > 0 ? SignalNumber($0.oldestWaitingUs, .millionths) : nil
    },
  ]

  private static let poolDemand: [SignalMetric] = [
    pool("offered", "Commands at once that were wanted lately: at work, waiting or shed.") {
      $0.demand.map { SignalNumber($0.offeredMilli, .thousandths) }
    },
    pool("utilization_ratio", "What was wanted of the places there are; above 1 in overload.") {
      $0.demand.map { SignalNumber($0.utilizationMilli, .thousandths) }
    },
    pool(
      "utilization_max_ratio",
      "What was wanted of the places of the most replicas: what pods scale on. Does not fall while "
        + "a dependency is not well."
    ) { $0.demand.map { SignalNumber($0.utilizationMaxMilli, .thousandths) } },
    pool("arrivals_per_second", "Commands that came, lately.") {
      $0.demand.map { SignalNumber($0.arrivalsMilli, .thousandths) }
    },
    pool("completions_per_second", "Commands that were finished, lately.") {
      $0.demand.map { SignalNumber($0.completionsMilli, .thousandths) }
    },
    pool("sheds_per_second", "Commands that were refused with nothing begun, lately.") {
      $0.demand.map { SignalNumber($0.shedsMilli, .thousandths) }
    },
    SignalMetric(
      poolPrefix + "queue_wait_seconds", .summary,
      "How long those commands waited that had to, over the last seconds."
    ) { signals in
      signals.pools.flatMap { $0.queueWait?.samples("service", $0.service) ?? [] }
    },
  ]

  private static let poolCounters: [SignalMetric] = [
    pool("arrived_total", "Commands that came.", .counter) { SignalNumber($0.arrived) },
    pool("completed_total", "Commands that were finished.", .counter) {
      SignalNumber($0.completed)
    },
    pool("shed_total", "Commands that were refused with nothing begun.", .counter) {
      SignalNumber($0.shed)
    },
  ]

  private static func pool(
    _ name: String, _ help: String, _ kind: Kind = .gauge,
    _ value: @escaping @Sendable (PoolSignals) -> SignalNumber?
  ) -> SignalMetric {
    SignalMetric(poolPrefix + name, kind, help) { signals in
      signals.pools.compactMap { pool in
        value(pool).map { SignalSample(["service": pool.service], $0) }
      }
    }
  }
}
