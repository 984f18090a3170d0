package import Messages

/// Who knows the node's signals.
package protocol SignalSource: Sendable {
  /// As of now; nil while the node starts.
  func signals() -> NodeSignals?
}

/// An answer on one of the faces that are served over HTTP.
package struct SignalAnswer: Sendable, Hashable {
  /// Of HTTP: 200, 400, 404 or 503.
  package let status: Int
  package let contentType: String
  package let body: String

  static func text(_ status: Int, _ body: String) -> SignalAnswer {
    SignalAnswer(status: status, contentType: "text/plain; charset=utf-8", body: body + "\n")
  }

  static func json(_ status: Int, _ body: String) -> SignalAnswer {
    SignalAnswer(status: status, contentType: "application/json", body: body + "\n")
  }
}

/// The same reading for Prometheus, for KEDA and for Kubernetes. What is not known is no answer or
/// left out of one, never 0.
package struct SignalFaces: Sendable {
  private let source: any SignalSource
  private let libraries: LibraryMetrics?

  /// - Parameter libraries: told to Prometheus too.
  package init(_ source: some SignalSource, libraries: LibraryMetrics? = nil) {
    self.source = source
    self.libraries = libraries
  }

  /// `/metrics`.
  package func prometheus() -> SignalAnswer {
    guard let signals = source.signals() else { return .text(503, "the node is starting") }
    var text = PrometheusText(signals)
    libraries?.write(to: &text)
    return SignalAnswer(status: 200, contentType: PrometheusText.contentType, body: text.text)
  }

  /// `/signals/{service}`.
  package func pool(_ service: String) -> SignalAnswer {
    guard let signals = source.signals() else { return failure(503, "the node is starting") }
    do throws(PoolDocument.Failure) {
      return .json(200, try PoolDocument(service, of: signals).json)
    } catch {
      switch error {
      case .unknown(let pools):
        let known = pools.joined(separator: ", ")
        return failure(404, "no pool here is called '\(service)'; there are \(known)")
      case .unmeasured: return failure(503, "'\(service)' has not been measured yet")
      }
    }
  }

  /// Below `ExternalMetrics.path`: `/namespaces/{namespace}/{metric}?labelSelector=`.
  package func external(_ metric: String, labelSelector: String) -> SignalAnswer {
    let selector: LabelSelector
    do throws(LabelSelector.Invalid) { selector = try LabelSelector(labelSelector) } catch {
      return .json(400, ExternalMetrics.status(400, "BadRequest", "\(error)"))
    }
    guard let signals = source.signals() else {
      return .json(
        503, ExternalMetrics.status(503, "ServiceUnavailable", "the node is starting"))
    }
    guard let list = ExternalMetrics.list(metric, selector, of: signals) else {
      return .json(
        404, ExternalMetrics.status(404, "NotFound", "no metric is called '\(metric)'"))
    }
    return .json(200, list)
  }

  private func failure(_ status: Int, _ message: String) -> SignalAnswer {
    .json(status, GatewayJSON.object([("error", GatewayJSON.string(message))]))
  }
}
