package import Messages

/// One pool's signals as a flat JSON object: what KEDA's `metrics-api` scaler picks one value from.
/// Names are those of the metrics without `baedal_pool_`; quantiles end in `_p50`, `_p95`, `_p99`.
package struct PoolDocument: Sendable {
  package enum Failure: Error, Hashable {
    /// No such pool here.
    case unknown(pools: [String])
    /// The pool is there, what it does has not been measured yet.
    case unmeasured
  }

  /// Names and values, those that are known.
  package let values: [(name: String, value: SignalNumber)]

  private static let quantiles = ["0.5": "_p50", "0.95": "_p95", "0.99": "_p99"]

  package init(_ service: String, of signals: NodeSignals) throws(Failure) {
    guard let pool = signals.pools.first(where: { $0.service == service }) else {
      throw .unknown(pools: signals.pools.map(\.service))
    }
    // An autoscaler keeps what it has where there is no answer; a part of one might be taken for 0.
    guard pool.demand != nil else { throw .unmeasured }
    let one = NodeSignals(pools: [pool])
    values = SignalMetric.pools.flatMap { metric in
      metric.samples(one).map { sample in
        let name = metric.name.dropFirst(SignalMetric.poolPrefix.count)
        let tail = sample["quantile"].flatMap { Self.quantiles[$0] } ?? ""
        return (String(name) + tail, sample.value)
      }
    }
  }

  package var json: String {
    GatewayJSON.object(values.map { ($0.name, $0.value.decimal) })
  }
}
