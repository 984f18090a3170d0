public import Messages

/// One value of a metric.
public struct SignalSample: Sendable, Hashable {
  public struct Label: Sendable, Hashable {
    public let name: String
    public let value: String
  }

  /// In the order in which they are written.
  public let labels: [Label]
  public let value: SignalNumber

  public init(_ labels: KeyValuePairs<String, String>, _ value: SignalNumber) {
    self.labels = labels.map { Label(name: $0.key, value: $0.value) }
    self.value = value
  }

  public subscript(label: String) -> String? { labels.first { $0.name == label }?.value }
}

/// A metric, by the name that it has on every face but the wire, with its unit.
public struct SignalMetric: Sendable {
  /// With Prometheus' meaning.
  public enum Kind: String, Sendable {
    case gauge, counter, summary
  }

  public let name: String
  public let kind: Kind
  public let help: String
  /// Those values that are known; none for what is not.
  public let samples: @Sendable (NodeSignals) -> [SignalSample]

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
  public static let all: [SignalMetric] = pools + dependencies + subscriptions + journals + loops

  /// The metric of that name.
  public static func named(_ name: String) -> SignalMetric? { byName[name] }

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
