package import Messages

/// One value of a metric.
package struct SignalSample: Sendable, Hashable {
  package struct Label: Sendable, Hashable {
    package let name: String
    package let value: String
  }

  /// In the order in which they are written.
  package let labels: [Label]
  package let value: SignalNumber

  package init(_ labels: KeyValuePairs<String, String>, _ value: SignalNumber) {
    self.labels = labels.map { Label(name: $0.key, value: $0.value) }
    self.value = value
  }

  package subscript(label: String) -> String? { labels.first { $0.name == label }?.value }
}

/// A metric, by the name that it has on every face but the wire, with its unit.
package struct SignalMetric: Sendable {
  /// With Prometheus' meaning.
  package enum Kind: String, Sendable {
    case gauge, counter, summary
  }

  package let name: String
  package let kind: Kind
  package let help: String
  /// Those values that are known; none for what is not.
  package let samples: @Sendable (NodeSignals) -> [SignalSample]

  init(
    _ name: String, _ kind: Kind, _ help: String,
    _ samples: @escaping @Sendable (NodeSignals) -> [SignalSample]
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.samples = samples
  }

  /// Every metric there is.
  package static let all: [SignalMetric] = pools + dependencies + subscriptions + journals + loops

  /// The metric of that name.
  package static func named(_ name: String) -> SignalMetric? { byName[name] }

  private static let byName = Dictionary(
    all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

extension WaitTimes {
  /// A sample for each quantile, the label `of` before it.
  func samples(_ label: String, _ value: String) -> [SignalSample] {
    [("0.5", p50Us), ("0.95", p95Us), ("0.99", p99Us)].map { quantile, microseconds in
      SignalSample(
        [label: value, "quantile": quantile], SignalNumber(microseconds, .millionths))
    }
  }
}
