import Foundation
package import Messages

/// The API group `external.metrics.k8s.io/v1beta1` as JSON: what Kubernetes' HPA reads metrics from
/// that belong to no object of the cluster. Namespaces are the cluster's; a node has none.
package enum ExternalMetrics {
  package static let path = "/apis/external.metrics.k8s.io/v1beta1"
  private static let version = "external.metrics.k8s.io/v1beta1"

  /// The values of a metric whose labels are selected, as an ExternalMetricValueList; nil when no
  /// metric has that name. A value that is not known is not among them: HPA then leaves the metric
  /// out, and does not scale down.
  package static func list(
    _ name: String, _ selector: LabelSelector, of signals: NodeSignals
  ) -> String? {
    guard let metric = SignalMetric.named(name) else { return nil }
    let timestamp = GatewayJSON.string(moment(ms: signals.atMs))
    let items = metric.samples(signals).filter(selector.matches).map { sample in
      GatewayJSON.object([
        ("metricName", GatewayJSON.string(name)),
        (
          "metricLabels",
          GatewayJSON.object(sample.labels.map { ($0.name, GatewayJSON.string($0.value)) })
        ),
        ("timestamp", timestamp),
        ("value", GatewayJSON.string(sample.value.quantity)),
      ])
    }
    return GatewayJSON.object([
      ("kind", GatewayJSON.string("ExternalMetricValueList")),
      ("apiVersion", GatewayJSON.string(version)),
      ("metadata", "{}"),
      ("items", GatewayJSON.array(items)),
    ])
  }

  /// What the group offers, as an APIResourceList: the cluster asks for it before it trusts it.
  package static let resources: String = GatewayJSON.object([
    ("kind", GatewayJSON.string("APIResourceList")),
    ("apiVersion", GatewayJSON.string("v1")),
    ("groupVersion", GatewayJSON.string(version)),
    (
      "resources",
      GatewayJSON.array(
        SignalMetric.all.map { metric in
          GatewayJSON.object([
            ("name", GatewayJSON.string(metric.name)), ("singularName", GatewayJSON.string("")),
            ("namespaced", "true"), ("kind", GatewayJSON.string("ExternalMetricValueList")),
            ("verbs", GatewayJSON.array([GatewayJSON.string("get")])),
          ])
        })
    ),
  ])

  /// An error as the cluster's API tells it.
  package static func status(_ code: Int, _ reason: String, _ message: String) -> String {
    GatewayJSON.object([
      ("kind", GatewayJSON.string("Status")), ("apiVersion", GatewayJSON.string("v1")),
      ("metadata", "{}"), ("status", GatewayJSON.string("Failure")),
      ("message", GatewayJSON.string(message)), ("reason", GatewayJSON.string(reason)),
      ("code", "\(code)"),
    ])
  }

  /// RFC 3339, whole seconds, as Kubernetes writes it.
  private static func moment(ms: Int64) -> String {
    Date(timeIntervalSince1970: Double(ms / 1000)).formatted(.iso8601)
  }
}
