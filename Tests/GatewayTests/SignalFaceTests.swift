import Foundation
import Messages
import Metrics
import Testing

@testable import Gateway

/// A node with something of everything, and names that must be escaped.
struct Reading: SignalSource {
  var value: NodeSignals? = NodeSignals(
    node: "n1", atMs: 1_764_000_000_000,
    pools: [
      PoolSignals(
        service: "payment", replicas: 2, replicasMin: 1, replicasMax: 8, capacity: 32,
        capacityMax: 128, inFlight: 30, waiting: 3, oldestWaitingUs: 12_500,
        queueWait: WaitTimes(p50Us: 1500, p95Us: 20_000, p99Us: 1_000_000), arrived: 100,
        completed: 60, shed: 7,
        demand: PoolDemand(
          offeredMilli: 53_760, utilizationMilli: 1680, utilizationMaxMilli: 420,
          arrivalsMilli: 12_000, completionsMilli: 10_500, shedsMilli: 0)),
      PoolSignals(service: "order", replicas: 1, replicasMin: 1, replicasMax: 1),
    ],
    dependencies: [DependencySignals(dependency: "pay\"ment\\\n", state: "half-open", refused: 9)],
    subscriptions: [
      SubscriptionSignals(subscriber: "s", source: "order", lagEvents: 5, lagMs: 1250)
    ],
    journals: [
      JournalSignals(journal: "order", waiting: 1, commits: 40, commit: WaitTimes(p50Us: 900))
    ],
    loops: [LoopSignals(loop: 0, delay: WaitTimes(p50Us: 10, p95Us: 20, p99Us: 30)), LoopSignals()])

  func signals() -> NodeSignals? { value }
}

@Suite("The faces of a node's signals")
struct SignalFaceTests {
  private let faces = SignalFaces(Reading())

  private func json(_ answer: SignalAnswer) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
  }

  @Test(
    "numbers are exact decimals and quantities",
    arguments: [
      (SignalNumber(7), "7", "7"), (SignalNumber(0, .thousandths), "0", "0"),
      (SignalNumber(420, .thousandths), "0.42", "420m"),
      (SignalNumber(53_760, .thousandths), "53.76", "53760m"),
      (SignalNumber(2000, .thousandths), "2", "2"),
      (SignalNumber(5, .millionths), "0.000005", "5u"),
      (SignalNumber(1500, .millionths), "0.0015", "1500u"),
      (SignalNumber(12_000, .millionths), "0.012", "12m"),
      (SignalNumber(3_000_000, .millionths), "3", "3"), (SignalNumber(-4), "0", "0"),
      (SignalNumber(UInt64.max), "18446744073709551615", "9223372036854775807"),
    ])
  func numbers(number: SignalNumber, decimal: String, quantity: String) {
    #expect(number.decimal == decimal)
    #expect(number.quantity == quantity)
  }

  @Test("Prometheus gets names with units, labels escaped, and nothing of what is not known")
  func prometheus() {
    let answer = faces.prometheus()
    #expect(answer.status == 200)
    #expect(answer.contentType.hasPrefix("text/plain; version=0.0.4"))
    let lines = answer.body.split(separator: "\n")
    for line in [
      "baedal_pool_in_flight{service=\"payment\"} 30",
      "baedal_pool_utilization_max_ratio{service=\"payment\"} 0.42",
      "baedal_pool_oldest_waiting_seconds{service=\"payment\"} 0.0125",
      "baedal_pool_queue_wait_seconds{service=\"payment\",quantile=\"0.99\"} 1",
      "baedal_pool_shed_total{service=\"payment\"} 7",
      "baedal_dependency_breaker_state{dependency=\"pay\\\"ment\\\\\\n\",state=\"half-open\"} 1",
      "baedal_dependency_breaker_state{dependency=\"pay\\\"ment\\\\\\n\",state=\"closed\"} 0",
      "baedal_subscription_lag_seconds{subscriber=\"s\",source=\"order\"} 1.25",
      "baedal_journal_commits_total{journal=\"order\"} 40",
      "baedal_event_loop_delay_seconds{loop=\"0\",quantile=\"0.5\"} 0.00001",
      "# TYPE baedal_pool_queue_wait_seconds summary", "# TYPE baedal_pool_shed_total counter",
    ] {
      #expect(lines.contains(Substring(line)), "\(line)")
    }
    #expect(!answer.body.contains("utilization_ratio{service=\"order\"}"))
    #expect(!answer.body.contains("oldest_waiting_seconds{service=\"order\"}"))
  }

  @Test("a metric has one name, a help and no value twice")
  func catalogue() {
    #expect(Set(SignalMetric.all.map(\.name)).count == SignalMetric.all.count)
    for metric in SignalMetric.all {
      #expect(!metric.help.isEmpty)
      #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"))
      let labels = (Reading().value.map(metric.samples) ?? []).map(\.labels)
      #expect(Set(labels).count == labels.count)
    }
  }

  @Test("promtool finds nothing wrong with it, a library's metrics included")
  func promtool() throws {
    let libraries = LibraryMetrics()
    libraries.makeCounter(label: "http.server.requests", dimensions: [("path", "a\"b")])
      .increment(by: 3)
    libraries.makeTimer(label: "http.request.duration", dimensions: []).recordNanoseconds(5_000_000)
    libraries.makeRecorder(label: "sizes_bytes", dimensions: [], aggregate: true).record(10.5)
    libraries.makeMeter(label: "1st connections", dimensions: [("quantile", "x")]).set(4.0)
    let text = SignalFaces(Reading(), libraries: libraries).prometheus().body
    #expect(text.contains("http_server_requests_total{path=\"a\\\"b\"} 3.0"))
    #expect(text.contains("http_request_duration_seconds_sum 0.005"))
    #expect(text.contains("http_request_duration_seconds_count 1"))
    let found = try Promtool.check(text)
    #expect(found.isEmpty, "\(found)")
    #expect(try !Promtool.check("a_total{ 1").isEmpty)
  }

  @Test("KEDA gets one flat object of plain numbers; a pool that is not measured is no answer")
  func keda() throws {
    let answer = faces.pool("payment")
    #expect(answer.status == 200)
    #expect(answer.contentType == "application/json")
    let values = try json(answer)
    #expect(values["utilization_max_ratio"] as? Double == 0.42)
    #expect(values["in_flight"] as? Int == 30)
    #expect(values["queue_wait_seconds_p99"] as? Double == 1)
    #expect(values["sheds_per_second"] as? Int == 0)
    for value in values.values {
      #expect((value as? Double).map { $0 >= 0 && $0.isFinite } == true)
    }
    // KEDA takes what is no number for 0: a failure it must be.
    #expect(faces.pool("order").status == 503)
    #expect(faces.pool("nobody").status == 404)
    #expect(try json(faces.pool("no\"body"))["error"] as? String != nil)
    #expect(SignalFaces(Reading(value: nil)).pool("payment").status == 503)
  }

  @Test("Kubernetes gets an ExternalMetricValueList with quantities")
  func external() throws {
    let answer = faces.external(
      "baedal_pool_utilization_max_ratio", labelSelector: "service=payment")
    #expect(answer.status == 200)
    #expect(
      answer.body == """
        {"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1",\
        "metadata":{},"items":[{"metricName":"baedal_pool_utilization_max_ratio",\
        "metricLabels":{"service":"payment"},"timestamp":"2025-11-24T16:00:00Z",\
        "value":"420m"}]}

        """)
    let unknown = try json(
      faces.external("baedal_pool_utilization_max_ratio", labelSelector: "service=order"))
    #expect((unknown["items"] as? [Any])?.isEmpty == true)
    #expect(faces.external("nothing", labelSelector: "").status == 404)
    #expect(faces.external("baedal_pool_replicas", labelSelector: "a==(").status == 400)
    #expect(
      SignalFaces(Reading(value: nil)).external("nothing", labelSelector: "").status == 503)
  }

  @Test(
    "label selectors select as Kubernetes' do",
    arguments: [
      ("", true), ("service=order", true), ("service==order", true), ("service = order", true),
      ("service=payment", false), ("service!=payment", true), ("service!=order", false),
      ("service in (order, payment)", true), ("service notin (order)", false),
      ("tier notin (a)", true), ("tier!=a", true), ("service", true), ("!service", false),
      ("!tier", true), ("service=order,tier", false), ("service in (a,b),service", false),
    ])
  func selectors(text: String, isSelected: Bool) throws {
    let sample = SignalSample(["service": "order"], SignalNumber(1))
    #expect(try LabelSelector(text).matches(sample) == isSelected)
  }

  @Test(
    "what is no label selector is refused",
    arguments: [
      "=a", "a=b=c", "a in b", "a in (b", "a within (b)", "a)", ",", "a,,b", "a in (b) c", "a b",
      "a=\u{e9}", String(repeating: "a", count: 1025),
    ])
  func badSelectors(text: String) {
    #expect(throws: LabelSelector.Invalid.self) { try LabelSelector(text) }
  }

  @Test("a library's series are bounded; one that does not fit is counted")
  func bounded() {
    let libraries = LibraryMetrics(seriesMax: 2)
    for number in 0..<5 {
      libraries.makeCounter(label: "calls", dimensions: [("user", "\(number)")]).increment(by: 1)
    }
    var text = PrometheusText()
    libraries.write(to: &text)
    #expect(text.text.contains("baedal_library_series_refused_total 3"))
    #expect(text.text.components(separatedBy: "calls_total{").count == 3)
    #expect(!text.text.contains("nan"))
  }

  @Test("a library's number that is none is not taken, and its own names are kept apart")
  func hostile() {
    let libraries = LibraryMetrics()
    let meter = libraries.makeMeter(label: "baedal_pool_replicas", dimensions: [])
    meter.set(2.0)
    meter.set(Double.nan)
    meter.set(Double.infinity)
    var text = PrometheusText()
    libraries.write(to: &text)
    #expect(text.text.hasSuffix("\nlibrary_baedal_pool_replicas 2.0\n"))
  }
}
