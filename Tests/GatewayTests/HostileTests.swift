import Gateway
import Testing

@Suite("The HTTP port and those who mean no good", .timeLimit(.minutes(1)))
struct HostileTests {
  private static var limits: GatewayLimits {
    var limits = GatewayLimits()
    limits.headerBytesMax = 2048
    limits.headerFieldsMax = 20
    limits.idleTimeout = .milliseconds(300)
    limits.answerTimeout = .milliseconds(300)
    limits.connectionsMax = 8
    return limits
  }

  @Test(
    "a head that is too long, has too many fields, or is none ends the connection",
    arguments: [
      "GET /livez HTTP/1.1\r\nhost: x\r\na: " + String(repeating: "x", count: 4096) + "\r\n\r\n",
      "GET /livez HTTP/1.1\r\nhost: x\r\n" + String(repeating: "a: b\r\n", count: 100) + "\r\n",
      "GET /livez HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1} a TLS hello", "\r\n\r\nnothing\r\n\r\n",
    ])
  func heads(head: String) async throws {
    try await withPort(limits: Self.limits) { (port, _) async throws in
      let socket = try port.connect()
      socket.send(head)
      let text = try await socket.rest()
      #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4"), "\(text)")
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("a request with a body is 413, and nobody waits for the body")
  func bodies() async throws {
    try await withPort(limits: Self.limits) { (port, _) async throws in
      for field in ["content-length: 1000000000", "transfer-encoding: chunked"] {
        let socket = try port.connect()
        socket.send("POST /livez HTTP/1.1\r\nhost: x\r\n\(field)\r\n\r\n")
        let text = try await socket.rest()
        #expect(text.hasPrefix("HTTP/1.1 413"), "\(text)")
      }
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("who connects and says nothing, or never ends a head, is hung up on")
  func silence() async throws {
    try await withPort(limits: Self.limits) { (port, _) async throws in
      for start in ["", "GET /livez HTTP/1.1\r\nhost: x\r\n"] {
        let socket = try port.connect()
        socket.send(start)
        #expect(try await socket.rest() == "")
      }
    }
  }

  @Test("a route that does not come back costs its connection only")
  func slow() async throws {
    try await withPort(
      limits: Self.limits,
      routes: { routes in
        routes.get("/never") { _ in
          try? await Task.sleep(for: .seconds(3600))
          return GatewayAnswer(.ok, "late")
        }
      }
    ) { (port, _) async throws in
      let socket = try port.connect()
      socket.send("GET /never HTTP/1.1\r\nhost: x\r\n\r\n")
      #expect(try await socket.rest() == "")
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("with every place taken by idle connections, a probe is answered once they are hung up on")
  func crowd() async throws {
    try await withPort(limits: Self.limits) { (port, _) async throws in
      let idle = try (0..<32).map { _ in try port.connect() }
      #expect(try await port.ask("GET /livez").status == 200)
      withExtendedLifetime(idle) {}
    }
  }
}
