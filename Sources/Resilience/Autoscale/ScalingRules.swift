/// How fast replicas may change in one direction, and how long it is waited before they do.
package struct ScalingRules: Hashable, Sendable {
  /// At most so much change within a period.
  package struct Policy: Hashable, Sendable {
    package enum Amount: Hashable, Sendable {
      case replicas(Int)
      /// Of the replicas at the beginning of the period.
      case percent(Int)
    }

    package var amount: Amount
    package var period: Duration

    package init(_ amount: Amount, per period: Duration) {
      self.amount = amount
      self.period = period
    }
  }

  /// Which of several policies holds.
  package enum Selection: String, CaseIterable, Hashable, Sendable {
    /// The one that allows the most change.
    case most = "Max"
    /// The one that allows the least change.
    case least = "Min"
    /// No change in this direction.
    case disabled = "Disabled"
  }

  package var policies: [Policy]
  package var selection: Selection
  /// The stabilization window: the most careful recommendation of so long decides.
  package var window: Duration

  package init(
    policies: [Policy], selection: Selection = .most, window: Duration
  ) {
    self.policies = policies
    self.selection = selection
    self.window = window
  }

  /// Kubernetes' defaults.
  package static let defaultUp = ScalingRules(
    policies: [
      Policy(.replicas(4), per: .seconds(15)), Policy(.percent(100), per: .seconds(15)),
    ], window: .zero)

  /// Kubernetes' defaults.
  package static let defaultDown = ScalingRules(
    policies: [Policy(.percent(100), per: .seconds(15))], window: .seconds(300))

  /// The longest time that an event matters to these rules.
  var memory: Duration { policies.map(\.period).max() ?? .zero }
}

/// A change that was carried out.
package struct ScaleEvent: Hashable, Sendable {
  /// Replicas added (or removed, in the list of scale-downs); above zero.
  package var change: Int
  package var at: MonotonicInstant

  package init(change: Int, at: MonotonicInstant) {
    self.change = change
    self.at = at
  }
}

/// What was carried out in either direction.
package struct ScaleHistory: Hashable, Sendable {
  package var ups: [ScaleEvent]
  package var downs: [ScaleEvent]

  package init(ups: [ScaleEvent] = [], downs: [ScaleEvent] = []) {
    self.ups = ups
    self.downs = downs
  }

  /// How many replicas there were a period ago.
  func replicas(_ current: Int, before period: Duration, at now: MonotonicInstant) -> Int {
    let begin = now.advanced(by: .zero - period)
    let added = ups.reduce(0) { $1.at > begin ? $0 + $1.change : $0 }
    let removed = downs.reduce(0) { $1.at > begin ? $0 + $1.change : $0 }
    return current - added + removed
  }

  mutating func forget(before horizon: MonotonicInstant) {
    ups.removeAll { $0.at < horizon }
    downs.removeAll { $0.at < horizon }
  }
}

extension ScalingRules {
  /// The most replicas that these rules let grow to. Percents round up, so that one can grow.
  package func upperLimit(
    _ current: Int, history: ScaleHistory, at now: MonotonicInstant
  ) -> Int {
    let limits = policies.map { policy in
      let start = history.replicas(current, before: policy.period, at: now)
      switch policy.amount {
      case .replicas(let count): return start + count
      case .percent(let percent):
        return Replicas.count(up: Double(start) * (1 + Double(percent) / 100))
      }
    }
    let limit =
      switch selection {
      case .disabled: current
      case .least: limits.min() ?? current
      case .most: limits.max() ?? current
      }
    return max(limit, current)
  }

  /// The fewest replicas that these rules let shrink to. Percents are cut off.
  package func lowerLimit(
    _ current: Int, history: ScaleHistory, at now: MonotonicInstant
  ) -> Int {
    let limits = policies.map { policy in
      let start = history.replicas(current, before: policy.period, at: now)
      switch policy.amount {
      case .replicas(let count): return start - count
      case .percent(let percent):
        return Replicas.count(truncating: Double(start) * (1 - Double(percent) / 100))
      }
    }
    let limit =
      switch selection {
      case .disabled: current
      case .least: limits.max() ?? current
      case .most: limits.min() ?? current
      }
    return min(limit, current)
  }
}
