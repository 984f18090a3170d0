extension AutoscaleOracle: Decodable {
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: StrictFields.Key.self)
    var notes: [String] = []
    var found = false
    for key in fields.allKeys.sorted(by: { $0.stringValue < $1.stringValue })
    where Section(rawValue: key.stringValue) == nil {
      if key.stringValue != "about" { notes.append(key.stringValue) }
    }
    for section in Section.allCases {
      let key = StrictFields.Key(stringValue: section.rawValue)
      guard fields.contains(key) else { continue }
      found = true
      var list = try fields.nestedUnkeyedContainer(forKey: key)
      var index = 0
      while !list.isAtEnd {
        let row = try FactFields(list.superDecoder())
        guard index < Self.entriesMax else {
          throw row.error("", "more than \(Self.entriesMax) rows in \(section.rawValue)")
        }
        switch section {
        case .replicaCalculation: add(section.rawValue, try MetricFact(replicas: row), at: index)
        case .external: add(section.rawValue, try MetricFact(service: row), at: index)
        case .behavior: add(section.rawValue, try BehaviorFact(row), at: index)
        case .stabilization: add(section.rawValue, try StabilizationFact(row), at: index)
        case .knativePodAutoscaler: add(section.rawValue, try PanicFact(row), at: index)
        }
        notes += row.unknown(besides: section.fields)
        index += 1
      }
    }
    guard found, !rows.isEmpty else {
      let all = Section.allCases.map(\.rawValue).joined(separator: ", ")
      throw PolicyError(field: "file", problem: "has no rows; a row is in one of \(all)")
    }
    notes.forEach { ignore($0) }
  }

  enum Section: String, CaseIterable {
    case replicaCalculation, external, behavior, stabilization, knativePodAutoscaler

    var fields: Set<String> {
      let own: Set<String> =
        switch self {
        case .replicaCalculation:
          ["currentReplicas", "pods", "target", "metric", "desiredReplicas", "tolerance"]
        case .external:
          [
            "currentReplicas", "readyReplicas", "value", "targetValue", "targetAverageValue",
            "desiredReplicas", "tolerance",
          ]
        case .behavior:
          [
            "current", "desired", "min", "max", "scaleUpPolicies", "scaleDownPolicies",
            "scaleUpEvents", "scaleDownEvents", "selectPolicy", "result", "reason",
          ]
        case .stabilization:
          [
            "current", "desired", "recommendations", "scaleUpWindowSeconds",
            "scaleDownWindowSeconds", "result",
          ]
        case .knativePodAutoscaler:
          [
            "target", "readyPods", "stableValue", "panicValue", "maxScaleUpRate",
            "maxScaleDownRate", "panicThreshold", "inPanicWithMaxPods", "reachable", "desired",
            "activationScale",
          ]
        }
      return own.union(["name", "about"])
    }
  }
}

/// A row's fields, each checked as it is read.
struct FactFields {
  private let container: KeyedDecodingContainer<StrictFields.Key>

  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: StrictFields.Key.self)
  }

  func required<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value
  {
    try container.decode(type, forKey: StrictFields.Key(stringValue: name))
  }

  func optional<Value: Decodable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value? {
    try container.decodeIfPresent(type, forKey: StrictFields.Key(stringValue: name))
  }

  /// A count of replicas.
  func count(_ name: String) throws -> Int { try checked(name, required(name)) }

  func optionalCount(_ name: String) throws -> Int? {
    try optional(name, as: Int.self).map { try checked(name, $0) }
  }

  /// A length in seconds, fractions allowed.
  func seconds(_ name: String) throws -> Duration {
    .seconds(try limited(name, required(name), 0...31_536_000))
  }

  /// Seconds before now.
  func age(_ name: String) throws -> MonotonicInstant {
    .oracle(ageSeconds: try limited(name, required(name), 0...31_536_000))
  }

  /// A number above zero.
  func positive(_ name: String) throws -> Double {
    try limited(name, required(name), .leastNonzeroMagnitude...1e15)
  }

  func limited(
    _ name: String, _ value: Double, _ allowed: ClosedRange<Double>
  ) throws -> Double {
    guard allowed.contains(value) else {
      throw error(
        name,
        allowed.lowerBound > 0
          ? "\(value) is not above 0 and at most \(allowed.upperBound)"
          : "\(value) is not between \(allowed.lowerBound) and \(allowed.upperBound)")
    }
    return value
  }

  /// A list of objects, no longer than what one file may hold.
  func list<Entry>(_ name: String, _ read: (FactFields) throws -> Entry) throws -> [Entry] {
    let key = StrictFields.Key(stringValue: name)
    var list = try container.nestedUnkeyedContainer(forKey: key)
    var entries: [Entry] = []
    while !list.isAtEnd {
      guard entries.count < AutoscaleOracle.entriesMax else {
        throw error(name, "more than \(AutoscaleOracle.entriesMax) of them")
      }
      entries.append(try read(FactFields(list.superDecoder())))
    }
    return entries
  }

  /// True if the field is there and is text rather than a list.
  func isText(_ name: String) -> Bool { (try? required(name, as: String.self)) != nil }

  /// True if the field is there and not null.
  func has(_ name: String) -> Bool {
    let key = StrictFields.Key(stringValue: name)
    return container.contains(key) && (try? container.decodeNil(forKey: key)) == false
  }

  func unknown(besides known: Set<String>) -> [String] {
    container.allKeys.filter { !known.contains($0.stringValue) }
      .map { (container.codingPath + [$0]).fieldPath }.sorted()
  }

  func error(_ name: String, _ problem: String) -> PolicyError {
    let path = container.codingPath + (name.isEmpty ? [] : [StrictFields.Key(stringValue: name)])
    return PolicyError(field: path.fieldPath, problem: problem)
  }

  private func checked(_ name: String, _ value: Int) throws -> Int {
    guard (0...Replicas.most).contains(value) else {
      throw error(name, "\(value) is not between 0 and \(Replicas.most)")
    }
    return value
  }
}
