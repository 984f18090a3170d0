/// Facts to hold the autoscaler's arithmetic to: inputs and what another implementation made of
/// them. Also an operator's way to ask "what if".
package struct AutoscaleOracle: Hashable, Sendable {
  /// One question, what was expected, and what this implementation says.
  package struct Row: Hashable, Sendable, Encodable {
    package var section: String
    package var name: String
    package var expected: String
    package var result: String
    package var isEqual: Bool { expected == result }

    enum CodingKeys: String, CodingKey { case section, name, expected, result, equal }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(section, forKey: .section)
      try fields.encode(name, forKey: .name)
      try fields.encode(expected, forKey: .expected)
      try fields.encode(result, forKey: .result)
      try fields.encode(isEqual, forKey: .equal)
    }
  }

  package private(set) var rows: [Row] = []
  /// What the file says that plays no part here, by its path.
  package private(set) var ignored: [String] = []

  /// More rows than this, or replicas in one of them, are not read.
  package static let entriesMax = 10_000

  /// The rows that differ.
  package var differences: [Row] { rows.filter { !$0.isEqual } }

  mutating func add(_ section: String, _ facts: some AutoscaleFact, at index: Int) {
    rows.append(
      Row(
        section: section, name: facts.name ?? "row \(index + 1)", expected: facts.expected,
        result: facts.result))
  }

  mutating func ignore(_ field: String) { ignored.append(field) }
}

/// One row of a section.
protocol AutoscaleFact {
  /// nil: the row has no name and says nothing that could be one.
  var name: String? { get }
  var expected: String { get }
  var result: String { get }
}

/// `replicaCalculation` and `external`: a metric's verdict.
struct MetricFact: AutoscaleFact {
  var name: String?
  var current: Int
  var reading: MetricReading
  var tolerance: Double
  /// nil: the metric should be invalid.
  var desired: Int?

  static let invalid = "invalid"

  var expected: String { desired.map { "\($0)" } ?? Self.invalid }

  var result: String {
    let verdict = ReplicaCalculator(tolerance: tolerance).verdict(on: reading, current: current)
    return verdict.proposed.map { "\($0)" } ?? Self.invalid
  }
}

/// `behavior`: rate and bounds.
struct BehaviorFact: AutoscaleFact {
  var name: String?
  var current: Int
  var desired: Int
  var behavior: ScalingBehavior
  var history: ScaleHistory
  var resultExpected: Int
  /// nil: not asked.
  var reason: String?

  var expected: String { text(resultExpected, reason) }

  var result: String {
    let found = behavior.limited(desired, current: current, history: history, at: .oracleNow)
    return text(found.replicas, reason == nil ? nil : found.limit.rawValue)
  }

  private func text(_ replicas: Int, _ reason: String?) -> String {
    reason.map { "\(replicas) \($0)" } ?? "\(replicas)"
  }
}

/// `stabilization`: what recommendations of late make of a new one.
struct StabilizationFact: AutoscaleFact {
  var name: String?
  var current: Int
  var desired: Int
  var recommendations: Recommendations
  var up: Duration
  var down: Duration
  var resultExpected: Int

  var expected: String { "\(resultExpected)" }

  var result: String {
    let found = recommendations.stabilized(
      desired, current: current, up: up, down: down, at: .oracleNow)
    return "\(found)"
  }
}

/// `knativePodAutoscaler`: stable and panic window.
struct PanicFact: AutoscaleFact {
  var name: String?
  var scaler: PanicScaler
  /// nil: nothing is known of the window.
  var stable: Double?
  var panic: Double?
  var ready: Int
  var reachable: Bool
  /// nil: without data there should be no result.
  var desired: Int?

  var expected: String { desired.map { "\($0)" } ?? MetricFact.invalid }

  var result: String {
    guard let stable, let panic else { return MetricFact.invalid }
    var scaler = scaler
    let found = scaler.decide(
      stable: stable, panic: panic, ready: ready, reachable: reachable, at: .oracleNow)
    return "\(found.desired)"
  }
}

extension MonotonicInstant {
  /// Late enough that every age a file gives lies after the clock's beginning.
  static let oracleNow = MonotonicInstant(ms: 1_000_000_000_000)

  static func oracle(ageSeconds: Double) -> MonotonicInstant {
    oracleNow.advanced(by: .zero - Duration.seconds(ageSeconds))
  }
}
