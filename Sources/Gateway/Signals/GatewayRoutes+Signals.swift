extension GatewayRoutes {
  /// Answers `/metrics`, `/signals/{service}` and the external metrics of Kubernetes.
  package mutating func signals(_ faces: SignalFaces) {
    get("/metrics") { _ in GatewayAnswer(faces.prometheus()) }
    get("/signals/{service}") { request in
      GatewayAnswer(faces.pool(request.parameters["service"] ?? ""))
    }
    get(ExternalMetrics.path) { _ in .json(.ok, ExternalMetrics.resources + "\n") }
    get(ExternalMetrics.path + "/namespaces/{namespace}/{metric}") { request in
      // A query may write a space as a plus, and Kubernetes' clients do; no label has a plus.
      let selector = (request.query["labelSelector"] ?? "").map { $0 == "+" ? " " : $0 }
      return GatewayAnswer(
        faces.external(
          request.parameters["metric"] ?? "", labelSelector: String(selector)))
    }
  }
}

extension GatewayAnswer {
  fileprivate init(_ answer: SignalAnswer) {
    self.init(
      GatewayStatus(rawValue: answer.status) ?? .internalError, answer.body,
      contentType: answer.contentType)
  }
}
