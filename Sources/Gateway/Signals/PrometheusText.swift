package import Messages

/// Prometheus' text format 0.0.4.
package struct PrometheusText: Sendable {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
  package private(set) var text = ""

  package init() {}

  /// The signals; metrics without a value are left out.
  package init(_ signals: NodeSignals) {
    for metric in SignalMetric.all {
      let samples = metric.samples(signals)
      guard !samples.isEmpty else { continue }
      family(metric.name, metric.kind, metric.help)
      for sample in samples {
        line(metric.name, sample.labels.map { ($0.name, $0.value) }, sample.value.decimal)
      }
    }
  }

  /// The head of a metric; its lines follow.
  package mutating func family(_ name: String, _ kind: SignalMetric.Kind, _ help: String) {
    text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n"
    text += "# TYPE \(name) \(kind.rawValue)\n"
  }

  /// - Parameter value: a number as the format has it.
  package mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
    text += name
    if !labels.isEmpty {
      let inside = labels.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
      text += "{\(inside.joined(separator: ","))}"
    }
    text += " \(value)\n"
  }

  static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
