/// Replicas that work as a fluid: each completes `concurrency / serviceTime` commands a second.
struct SimulatedService {
  /// What passed in one tick, in commands, and how long the last of them waits.
  struct Passed {
    var length: Duration
    /// Commands at once that the arrivals would keep busy.
    var offered: Double
    var arrived: Double
    var completed: Double
    var shed: Double
    /// In work.
    var busy: Double
    /// Waiting at the end.
    var waiting: Double
    var wait: Duration
    var replicas: Int
  }

  private let replica: AutoscaleScenario.Replica
  /// When each is ready, oldest first.
  private var readyAt: [Duration]
  private var waiting = 0.0

  init(_ replica: AutoscaleScenario.Replica, replicas: Int) {
    self.replica = replica
    readyAt = Array(repeating: .zero, count: replicas)
  }

  var replicas: Int { readyAt.count }

  func ready(at now: Duration) -> Int { readyAt.reduce(0) { $1 <= now ? $0 + 1 : $0 } }

  /// Starts new ones, or stops the newest.
  mutating func resize(to count: Int, at now: Duration) {
    if count > readyAt.count {
      readyAt += Array(repeating: now + replica.start, count: count - readyAt.count)
    } else {
      readyAt.removeLast(readyAt.count - count)
    }
  }

  mutating func pass(_ length: Duration, demand: Double, at now: Duration) -> Passed {
    let able = Double(ready(at: now))
    let perSecond = able * replica.concurrency / replica.serviceTime.inSeconds
    let arrived = demand / replica.serviceTime.inSeconds * length.inSeconds
    let capacity = perSecond * length.inSeconds
    let work = waiting + arrived
    let completed = min(work, capacity)
    let left = work - completed
    waiting = min(left, able * replica.mailbox)
    return Passed(
      length: length, offered: demand, arrived: arrived, completed: completed,
      shed: left - waiting, busy: completed / length.inSeconds * replica.serviceTime.inSeconds,
      waiting: waiting, wait: perSecond > 0 ? .seconds(waiting / perSecond) : .zero,
      replicas: replicas)
  }

  /// Three metrics: what is offered, what is in the house, and how busy the ready replicas are.
  func readings(_ gauges: SimulatedGauges, at now: MonotonicInstant) -> [MetricReading] {
    let ready = ready(at: .nanoseconds(now.nanoseconds))
    let busyEach = ready > 0 ? gauges.busy / Double(ready) : 0
    return [
      total("offered", Int64((gauges.offered * 1000).rounded()), each: replica.target, at: now),
      total(
        "work in the house", Int64(((gauges.busy + gauges.waiting) * 1000).rounded()),
        each: replica.concurrency * 2, at: now),
      utilization(Int64((busyEach * 1000).rounded()), ready: ready, at: now),
    ]
  }

  /// The same metrics when nothing can be measured.
  func blankReadings() -> [MetricReading] {
    [
      total("offered", nil, each: replica.target, at: nil),
      total("work in the house", nil, each: replica.concurrency * 2, at: nil),
      utilization(nil, ready: replicas, at: nil),
    ]
  }

  private func total(
    _ name: String, _ value: Int64?, each: Double, at now: MonotonicInstant?
  ) -> MetricReading {
    MetricReading(
      name: name,
      source: .service(
        value, target: .averageValue(Int64((each * 1000).rounded())), ready: replicas),
      measuredAt: now)
  }

  private func utilization(
    _ each: Int64?, ready: Int, at now: MonotonicInstant?
  ) -> MetricReading {
    let working = Array(repeating: ReplicaSample(usage: each), count: ready)
    let starting = Array(
      repeating: ReplicaSample(usage: 0, state: .unready), count: replicas - ready)
    return MetricReading(
      name: "utilization",
      source: .replicas(
        working + starting,
        target: .utilization(
          percent: Int64((replica.targetUtilization * 100).rounded()),
          request: Int64((replica.concurrency * 1000).rounded())), ignoringUnready: true),
      measuredAt: now)
  }
}

extension Duration {
  /// In seconds.
  var inSeconds: Double { self / .seconds(1) }
}
