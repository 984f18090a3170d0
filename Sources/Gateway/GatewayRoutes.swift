import Foundation
package import Hummingbird
import HummingbirdCore

/// What an answer's route is told of the request. There is no body: this port takes none.
package struct GatewayRequest: Sendable {
  /// What stands in the path for `{name}`, percent-decoded.
  package let parameters: [String: String]
  /// The query; the first of several of the same name, empty for one without a value.
  package let query: [String: String]
}

/// The statuses that this port answers with.
package enum GatewayStatus: Int, Sendable {
  case ok = 200
  case badRequest = 400
  case notFound = 404
  case methodNotAllowed = 405
  case internalError = 500
  case unavailable = 503
}

/// A whole answer.
package struct GatewayAnswer: Sendable {
  package var status: GatewayStatus
  package var contentType: String
  package var body: String

  package init(_ status: GatewayStatus, _ body: String, contentType: String? = nil) {
    self.status = status
    self.body = body
    self.contentType = contentType ?? "text/plain; charset=utf-8"
  }

  package static func json(_ status: GatewayStatus, _ body: String) -> GatewayAnswer {
    GatewayAnswer(status, body, contentType: "application/json")
  }
}

/// What the HTTP port answers: for reading only, so GET and HEAD. Built before the port opens; what
/// is known later is asked for by the routes when they are called.
package struct GatewayRoutes: Sendable {
  package typealias Answer = @Sendable (GatewayRequest) async -> GatewayAnswer

  private var routes: [(path: String, answer: Answer)] = []
  private static let otherMethods: [HTTPRequest.Method] = [
    .post, .put, .delete, .patch, .options, .trace, .connect,
  ]

  package init() {}

  /// Answers that path, in which `{name}` stands for one component.
  package mutating func get(_ path: String, _ answer: @escaping Answer) {
    routes.append((path, answer))
  }

  /// Answers `/livez`, `/readyz` and `/startupz`; `?verbose` lists every check.
  package mutating func probes(_ source: some ProbeSource) {
    for probe in Probe.allCases {
      get("/" + probe.rawValue) { request in
        let report = ProbeReport(probe, source.checks(of: probe))
        return GatewayAnswer(
          report.isPassed ? .ok : .unavailable,
          report.text(isVerbose: request.query["verbose"] != nil))
      }
    }
  }

  /// The same as Hummingbird has it.
  package func router() -> Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    for (path, answer) in routes {
      let path = RouterPath(path)
      router.on(path, method: .get) { request, context in
        Self.response(
          to: await answer(
            GatewayRequest(
              parameters: Dictionary(
                context.parameters.map { name, text in
                  (String(name), String(text).removingPercentEncoding ?? String(text))
                },
                uniquingKeysWith: { first, _ in first }),
              query: Dictionary(
                request.uri.queryParameters.map { (String($0.key), String($0.value)) },
                uniquingKeysWith: { first, _ in first }))))
      }
      for method in Self.otherMethods {
        router.on(path, method: method) { _, _ in
          var response = Self.response(to: GatewayAnswer(.methodNotAllowed, "GET or HEAD\n"))
          response.headers[.allow] = "GET, HEAD"
          return response
        }
      }
    }
    return router
  }

  private static func response(to answer: GatewayAnswer) -> Response {
    Response(
      status: HTTPResponse.Status(code: answer.status.rawValue),
      headers: [
        .contentType: answer.contentType, .cacheControl: "no-store",
        .xContentTypeOptions: "nosniff",
      ],
      body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
  }
}
