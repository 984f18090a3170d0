package import Domain
package import Resilience
import Synchronization

/// Makes one pool follow its load: looks at it often, decides every evaluation, and resizes.
///
/// It decides on what was *offered*: commands at work, waiting, and shed. Its mean over time counts,
/// not what one look happens to find; while commands wait or are shed, the last moments count too,
/// and it is decided at once instead of at the next evaluation.
package final class PoolAutoscaler: Sendable {
  /// When and towards what.
  package struct Settings: Sendable, Equatable {
    package var evaluation: Duration
    /// So long has less load to last before replicas go.
    package var downWindow: Duration
    /// Of a hundred places of a replica, so many should be taken; fewer where more are reserved
    /// than that leaves room for (`PoolLimits.mailbox`).
    package var targetPercent: Int

    package init(
      evaluation: Duration = .seconds(1), downWindow: Duration = .seconds(120),
      targetPercent: Int = 70
    ) {
      self.evaluation = evaluation
      self.downWindow = downWindow
      self.targetPercent = targetPercent
    }
  }

  /// What is not well, while it says nothing about the load that there would be without it.
  package enum Trouble: Hashable, Sendable {
    /// Something that this pool's commands call. Nothing changes meanwhile: few commands are no sign
    /// of idleness, and slow ones no sign of load.
    case own(String)
    /// Something on the way of the orders to this pool. Nothing is taken away meanwhile.
    case upstream(String)

    fileprivate var name: String {
      switch self {
      case .own(let name), .upstream(let name): name
      }
    }
  }

  /// A decision and what it was made from, for people.
  package struct Entry: Sendable {
    package let service: String
    package let at: Timestamp
    package let decision: ScaleDecision
    /// Commands at once; nil where it was not to be believed.
    package let offered: Double?
    /// What one replica should carry of them.
    package let target: Double
    /// What has kept things as they are beside the decision's own bounds.
    package let troubles: [String]
  }

  private struct State {
    var settings: Settings
    var target: Double
    var autoscaler: Autoscaler
    /// Where the last evaluation ended.
    var evaluated: PoolSample
    /// The latest looks, the last moments.
    var recent: [PoolSample]
    /// When a command was last seen to end, or none was at work.
    var moved: PoolSample
    /// The latest decisions, the newest last.
    var entries: [Entry] = []
  }

  package let control: PoolControl
  private let now: @Sendable () -> Timestamp
  private let state: Mutex<State>

  /// How often `tick` is to be called.
  package static let tickInterval = Duration.milliseconds(50)
  /// Looks that make up the last moments: a fifth of a second and a bit.
  private static let recentMax = 6
  /// Under pressure it is decided so many times in an evaluation at most.
  private static let pressedPerEvaluation = 4
  /// Commands at work of which none ends for so long are stuck: more replicas would not help.
  private static let stuckAfter = Duration.seconds(5)
  /// Decisions remembered.
  package static let entriesMax = 1_000

  /// Throws for settings that no policy can have.
  package init(
    _ control: PoolControl, _ settings: Settings, now: @escaping @Sendable () -> Timestamp
  ) throws(PolicyError) {
    self.control = control
    self.now = now
    let target = Self.target(control.limits, settings)
    let sample = control.sample()
    state = Mutex(
      State(
        settings: settings, target: target,
        autoscaler: try Autoscaler(.following(control.limits, settings, target)),
        evaluated: sample, recent: [sample], moved: sample))
  }

  /// Commands at once that a replica should carry. New work is refused where the reserved places
  /// begin; more replicas have to be asked for well before that, after a scale-down too
  /// (`AutoscalePolicy.hysteresis`), or it would be refused while replicas are free.
  private static func target(_ limits: PoolLimits, _ settings: Settings) -> Double {
    let unreserved = Double(100 - limits.mailbox.reservedPercent)
    let percent = min(Double(settings.targetPercent), unreservedShare * unreserved)
    return Double(limits.capacityPerReplica) * percent / 100
  }

  private static let unreservedShare = 0.75

  /// Other bounds and settings from now on; what was recommended until now is forgotten, as at a
  /// start. The most is cut at the replicas there are. Throws, with all as it was, for what no policy
  /// can have.
  package func replace(_ settings: Settings, minimum: Int, maximum: Int) throws(PolicyError) {
    var limits = control.limits
    limits.maximum = min(maximum, control.replicasMade)
    limits.minimum = min(minimum, limits.maximum)
    let target = Self.target(limits, settings)
    let autoscaler = try Autoscaler(.following(limits, settings, target))
    state.withLock { state in
      (state.settings, state.target, state.autoscaler) = (settings, target, autoscaler)
    }
    control.bound(minimum: minimum, maximum: maximum)
  }

  /// Looks at the pool, and when it is time decides and resizes. Answers with a decision that
  /// changed the size.
  @discardableResult
  package func tick(_ troubles: [Trouble] = []) -> Entry? {
    control.tick()
    let reading = control.reading()
    let sample = control.sample()
    return state.withLock { state in
      state.recent.append(sample)
      if state.recent.count > Self.recentMax { state.recent.removeFirst() }
      if sample.completed != state.moved.completed || reading.inFlight == 0 {
        state.moved = sample
      }
      let elapsed = sample.at.nanoseconds(since: state.evaluated.at)
      let isCrowded = reading.waiting > 0 || sample.shed != state.evaluated.shed
      let period = state.settings.evaluation.wholeNanoseconds
      let isPressed =
        isCrowded && reading.replicas < control.limits.maximum
        && elapsed >= period / Int64(Self.pressedPerEvaluation)
      guard elapsed >= period || isPressed else { return nil }
      let entry = decide(&state, sample, reading, isCrowded: isCrowded, troubles)
      return entry.decision.desired == entry.decision.current ? nil : entry
    }
  }

  /// The latest decisions, the newest first.
  package func latest(_ limit: Int) -> [Entry] {
    state.withLock { $0.entries.suffix(max(0, limit)).reversed() }
  }

  private func decide(
    _ state: inout State, _ sample: PoolSample, _ reading: PoolReading, isCrowded: Bool,
    _ troubles: [Trouble]
  ) -> Entry {
    var offered = PoolLoad(from: state.evaluated, to: sample)?.offered
    if isCrowded, let first = state.recent.first,
      let lately = PoolLoad(from: first, to: sample)?.offered
    {
      offered = max(offered ?? 0, lately)
    }
    var names = troubles.map(\.name)
    let isStuck = state.moved.at.advanced(by: Self.stuckAfter) <= sample.at
    if isStuck { names.append("commands are stuck") }
    let isBlind =
      isStuck
      || troubles.contains { if case .own = $0 { true } else { false } }
    if isBlind { offered = nil }
    let (target, ready) = (state.target, reading.replicas)
    var metrics = [Self.metric("offered", offered, of: target, ready: ready)]
    if !isBlind { metrics += names.map { Self.metric($0, nil, of: target, ready: ready) } }
    let decision = state.autoscaler.decide(
      Autoscaler.Observation(
        replicas: reading.replicas, ready: reading.replicas, metrics: metrics, demand: offered),
      at: sample.at)
    if decision.desired != reading.replicas { control.resize(to: decision.desired) }
    state.evaluated = sample
    let entry = Entry(
      service: control.service, at: now(), decision: decision, offered: offered,
      target: state.target,
      troubles: names)
    state.entries.append(entry)
    if state.entries.count > Self.entriesMax { state.entries.removeFirst() }
    return entry
  }

  /// In thousandths of a command.
  private static func metric(
    _ name: String, _ value: Double?, of target: Double, ready: Int
  ) -> MetricReading {
    MetricReading(
      name: name,
      source: .service(
        value.map { Int64(min($0, 1e12) * 1000) },
        target: .averageValue(max(1, Int64(target * 1000))), ready: ready))
  }
}

extension PoolAutoscaler.Entry {
  /// The whole of it in one line.
  package var text: String {
    guard !troubles.isEmpty else { return "\(decision)" }
    return "\(decision); held: " + troubles.joined(separator: ", ")
  }
}

extension AutoscalePolicy {
  /// For a pool of these limits. A short patience with falling load is one with bursts, too.
  fileprivate static func following(
    _ limits: PoolLimits, _ settings: PoolAutoscaler.Settings, _ target: Double
  ) -> AutoscalePolicy {
    var policy = AutoscalePolicy.pool(
      minimum: limits.minimum, maximum: limits.maximum, target: target)
    policy.evaluation = settings.evaluation
    policy.staleAfter = settings.evaluation * 2
    policy.behavior.down.window = settings.downWindow
    for index in policy.behavior.down.policies.indices {
      policy.behavior.down.policies[index].period = min(.seconds(15), settings.downWindow)
    }
    policy.panic?.stableWindow = min(.seconds(60), settings.downWindow)
    return policy
  }
}
