/// From what is wanted to what is allowed: Kubernetes' `behavior`
/// (pkg/controller/podautoscaler/horizontal.go), stabilization first, then rate and bounds.
package struct ScalingBehavior: Hashable, Sendable {
  package var up: ScalingRules
  package var down: ScalingRules
  package var minimum: Int
  package var maximum: Int

  package init(
    up: ScalingRules = .defaultUp, down: ScalingRules = .defaultDown, minimum: Int, maximum: Int
  ) {
    self.up = up
    self.down = down
    self.minimum = minimum
    self.maximum = maximum
  }

  /// What held a change back, by the name of Kubernetes' condition.
  package enum Limit: String, Hashable, Sendable, Encodable {
    case within = "DesiredWithinRange"
    case scaleUpLimit = "ScaleUpLimit"
    case scaleDownLimit = "ScaleDownLimit"
    case tooMany = "TooManyReplicas"
    case tooFew = "TooFewReplicas"
  }

  /// `desired` within rate and bounds. `upLimit` stands in for the rate upwards, if given.
  package func limited(
    _ desired: Int, current: Int, history: ScaleHistory, at now: MonotonicInstant,
    upLimit: Int? = nil
  ) -> (replicas: Int, limit: Limit) {
    if desired > current {
      let rate = upLimit ?? up.upperLimit(current, history: history, at: now)
      let allowed = min(maximum, max(rate, current))
      let limit: Limit = maximum > rate ? .scaleUpLimit : .tooMany
      return desired > allowed ? (allowed, limit) : (desired, .within)
    }
    if desired < current {
      let rate = down.lowerLimit(current, history: history, at: now)
      let allowed = max(minimum, rate)
      let limit: Limit = minimum < rate ? .scaleDownLimit : .tooFew
      return desired < allowed ? (allowed, limit) : (desired, .within)
    }
    return (desired, .within)
  }
}

/// The recommendations of late, as they were before anything held them back.
package struct Recommendations: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var replicas: Int
    package var at: MonotonicInstant

    package init(replicas: Int, at: MonotonicInstant) {
      self.replicas = replicas
      self.at = at
    }
  }

  package private(set) var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  /// `desired` held back by what was recommended within the windows: up to no more than the lowest
  /// of the upward window, down to no less than the highest of the downward window.
  package func stabilized(
    _ desired: Int, current: Int, up: Duration, down: Duration, at now: MonotonicInstant
  ) -> Int {
    let upBegin = now.advanced(by: .zero - up)
    let downBegin = now.advanced(by: .zero - down)
    var lowest = desired
    var highest = desired
    for entry in entries {
      if entry.at > upBegin { lowest = min(lowest, entry.replicas) }
      if entry.at > downBegin { highest = max(highest, entry.replicas) }
    }
    return min(max(current, lowest), highest)
  }

  /// The lowest of the last `window`; nil if there are none.
  func lowest(within window: Duration, at now: MonotonicInstant) -> Int? {
    let begin = now.advanced(by: .zero - window)
    return entries.lazy.filter { $0.at > begin }.map(\.replicas).min()
  }

  /// Adds one, and forgets what lies before `horizon`.
  mutating func record(_ replicas: Int, at now: MonotonicInstant, horizon: MonotonicInstant) {
    entries.removeAll { $0.at < horizon }
    entries.append(Entry(replicas: replicas, at: now))
    if entries.count > Self.most { entries.removeFirst(entries.count - Self.most) }
  }

  /// An hour's window looked at every second.
  static let most = 3_600
}
