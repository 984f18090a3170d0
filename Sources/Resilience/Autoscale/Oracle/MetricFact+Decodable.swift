extension MetricFact {
  /// A row of `replicaCalculation`.
  init(replicas fields: FactFields) throws {
    let kind = try MetricKind(fields)
    let samples = try fields.list("pods") { pod in
      let state: String = try pod.optional("state") ?? ReplicaSample.State.ready.rawValue
      guard let state = ReplicaSample.State(rawValue: state.lowercased()) else {
        let all = ReplicaSample.State.allCases.map(\.rawValue).joined(separator: ", ")
        throw pod.error("state", "'\(state)' is not one of \(all)")
      }
      return ReplicaSample(usage: try pod.optional("usage"), state: state)
    }
    self.init(
      name: try fields.optional("name"), current: try fields.count("currentReplicas"),
      reading: MetricReading(
        name: kind.name,
        source: .replicas(samples, target: kind.target, ignoringUnready: kind.isOfCPU)),
      tolerance: try Self.tolerance(fields), desired: try fields.optionalCount("desiredReplicas"))
  }

  /// A row of `external`.
  init(service fields: FactFields) throws {
    let current = try fields.count("currentReplicas")
    let value: Int64? = try fields.optional("targetValue")
    let average: Int64? = try fields.optional("targetAverageValue")
    let target: MetricReading.ServiceTarget
    switch (value, average) {
    case (let value?, nil): target = .value(value)
    case (nil, let average?): target = .averageValue(average)
    default: throw fields.error("targetValue", "give one of targetValue and targetAverageValue")
    }
    self.init(
      name: try fields.optional("name"), current: current,
      reading: MetricReading(
        name: "external",
        source: .service(
          try fields.optional("value"), target: target,
          ready: try fields.optionalCount("readyReplicas") ?? current)),
      tolerance: try Self.tolerance(fields), desired: try fields.optionalCount("desiredReplicas"))
  }

  private static func tolerance(_ fields: FactFields) throws -> Double {
    try fields.limited("tolerance", fields.optional("tolerance") ?? 0.1, 0...1)
  }
}

/// What the words in `metric` say, such as "resource utilization, percent of a request of 1000".
private struct MetricKind {
  var name: String
  var target: MetricReading.ReplicaTarget
  /// Kubernetes ignores what starting pods use of the CPU, and of nothing else.
  var isOfCPU: Bool

  init(_ fields: FactFields) throws {
    name = try fields.required("metric")
    let target: Int64 = try fields.required("target")
    let words = name.lowercased()
    isOfCPU = (words.contains("resource") || words.contains("cpu")) && !words.contains("memory")
    if words.contains("utilization") {
      guard let request = Self.number(after: "request of ", in: words) else {
        throw fields.error("metric", "'\(name)' does not say 'percent of a request of' how much")
      }
      self.target = .utilization(percent: target, request: request)
    } else if words.contains("value") || words.contains("pods") || isOfCPU {
      self.target = .averageValue(target)
    } else {
      throw fields.error("metric", "'\(name)' is neither a utilization nor an average value")
    }
  }

  private static func number(after words: String, in text: String) -> Int64? {
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.hasPrefix(words) {
        return Int64(rest.dropFirst(words.count).prefix { $0.isASCII && $0.isNumber })
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}
