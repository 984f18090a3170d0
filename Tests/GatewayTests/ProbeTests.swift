import Gateway
import Logging
import Synchronization
import Testing

@Suite("Probes over HTTP", .timeLimit(.minutes(1)))
struct ProbeTests {
  @Test("each probe has the path that Kubernetes' own components use")
  func paths() {
    #expect(Probe.allCases.map(\.rawValue) == ["livez", "readyz", "startupz"])
  }

  @Test("a probe whose checks pass is 200 and ok, one with a failed check 503 and says which")
  func answers() async throws {
    try await withPort { (port, source) async throws in
      source.set(.liveness, [ProbeCheck("event loop 1"), ProbeCheck("writer of order")])
      source.set(
        .readiness, [ProbeCheck("started"), ProbeCheck("room on disk", problem: "1 MiB left")])
      let live = try await port.ask("GET /livez")
      #expect(live.status == 200)
      #expect(live.body == "ok")
      #expect(live.headers["content-type"] == "text/plain; charset=utf-8")
      #expect(live.headers["cache-control"] == "no-store")
      let ready = try await port.ask("GET /readyz")
      #expect(ready.status == 503)
      #expect(ready.body == "[-]room on disk failed: 1 MiB left\n")
      // Without any check there is nothing amiss.
      #expect(try await port.ask("GET /startupz").status == 200)
    }
  }

  @Test("?verbose lists every check and the outcome")
  func verbose() async throws {
    try await withPort { (port, source) async throws in
      source.set(.readiness, [ProbeCheck("started"), ProbeCheck("staying", problem: "draining")])
      for query in ["verbose", "verbose=", "verbose=1", "a=b&verbose"] {
        let answer = try await port.ask("GET /readyz?\(query)")
        #expect(answer.status == 503)
        #expect(
          answer.body == "[+]started ok\n[-]staying failed: draining\nreadyz check failed\n",
          "\(query)")
      }
      let live = try await port.ask("GET /livez?verbose")
      #expect(live.body == "livez check passed\n")
    }
  }

  @Test("an answer follows what is so now")
  func follows() async throws {
    try await withPort { (port, source) async throws in
      #expect(try await port.ask("GET /readyz").status == 200)
      source.set(.readiness, [ProbeCheck("staying", problem: "draining")])
      #expect(try await port.ask("GET /readyz").status == 503)
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("HEAD has GET's status and head, and no body")
  func head() async throws {
    try await withPort { (port, source) async throws in
      source.set(.readiness, [ProbeCheck("staying", problem: "draining")])
      let answer = try await port.ask("HEAD /readyz")
      #expect(answer.status == 503)
      #expect(answer.headers["content-length"] == "28")
      #expect(answer.body == "")
    }
  }

  @Test("an unknown path is 404, another method 405 with what is allowed")
  func refusals() async throws {
    try await withPort { (port, _) async throws in
      for path in ["/", "/livezz", "/livez/x", "/../etc/passwd", "/%2e%2e/livez"] {
        #expect(try await port.ask("GET \(path)").status == 404, "\(path)")
      }
      for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = try await port.ask("\(method) /livez")
        #expect(answer.status == 405, "\(method)")
        #expect(answer.headers["allow"] == "GET, HEAD", "\(method)")
      }
    }
  }

  @Test("several requests of one connection are answered in turn")
  func keepAlive() async throws {
    try await withPort { (port, _) async throws in
      let socket = try port.connect()
      for _ in 0..<3 {
        socket.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        #expect(try await socket.answer().status == 200)
      }
    }
  }

  @Test("other routes stand beside the probes, with what is in path and query")
  func routes() async throws {
    try await withPort(
      routes: { routes in
        routes.get("/signals/{service}") { request in
          .json(.ok, "\(request.parameters["service"] ?? "") \(request.query["n"] ?? "")")
        }
      }
    ) { (port, _) async throws in
      let answer = try await port.ask("GET /signals/pay%20ment?n=a%26b&n=c")
      #expect(answer.status == 200)
      #expect(answer.body == "pay ment a&b")
      #expect(answer.headers["content-type"] == "application/json")
      #expect(try await port.ask("GET /signals").status == 404)
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("a port that somebody else has is refused by its name")
  func taken() async throws {
    try await withPort { (port, source) async throws in
      var routes = GatewayRoutes()
      routes.probes(source)
      let second = GatewayServer(
        host: "127.0.0.1", port: port.number, routes: routes, log: Logger(label: "test"))
      let error = try await #require(throws: (any Error).self) {
        try await second.serving { _ in Issue.record("has opened") }
      }
      let text = "\(error)"
      #expect(text.contains("127.0.0.1:\(port.number)"), "\(text)")
    }
  }
}
