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

  /// Of those who would wait: nobody is hung up on for being slow.
  private static var patient: GatewayLimits {
    var limits = GatewayLimits()
    limits.idleTimeout = .seconds(60)
    limits.answerTimeout = .seconds(60)
    return limits
  }

  /// A route that does not come back.
  private static func addNever(_ routes: inout GatewayRoutes) {
    routes.get("/never") { _ in
      try? await Task.sleep(for: .seconds(3600))
      return GatewayAnswer(.ok, "late")
    }
  }

  private static let live = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
  private static let upgrade =
    "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"

  @Test(
    "who asks for another protocol is answered in this one or refused, and hung up on",
    arguments: [(upgrade, 200), ("CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n", 501)])
  func otherProtocols(head: String, status: Int) async throws {
    try await withPort(limits: Self.patient) { (port, _) async throws in
      for before in ["", Self.live] {
        let socket = try port.connect()
        socket.send(before + head)
        let text = try await socket.rest()
        let last = try #require(text.ranges(of: "HTTP/1.1 ").last)
        let answer = try Answer(String(text[last.lowerBound...]))
        #expect(answer.status == status && answer.headers["connection"] == "close", "\(text)")
      }
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("what follows a request for another protocol is not kept, whatever is answered before it")
  func flood() async throws {
    var limits = Self.patient
    limits.answerTimeout = .seconds(1)
    try await withPort(limits: limits, routes: Self.addNever) { (port, _) async throws in
      let socket = try port.connect()
      socket.send("GET /never HTTP/1.1\r\nhost: x\r\n\r\n" + Self.upgrade)
      // The system's own buffers hold some of it.
      #expect(await socket.flood(256 << 20) < 64 << 20)
      #expect(try await port.ask("GET /livez").status == 200)
    }
  }

  @Test("a connection ends after so many answers, and once it is old")
  func ends() async throws {
    var limits = Self.patient
    limits.answersMax = 3
    try await withPort(limits: limits) { (port, _) async throws in
      let socket = try port.connect()
      for number in 1...3 {
        socket.send(Self.live)
        let answer = try await socket.answer()
        #expect(answer.status == 200)
        #expect(answer.headers["connection"] == (number == 3 ? "close" : nil))
      }
      #expect(try await socket.rest() == "")
    }
    limits.connectionTimeout = .zero
    try await withPort(limits: limits) { (port, _) async throws in
      let socket = try port.connect()
      socket.send(Self.live)
      #expect(try await socket.answer().headers["connection"] == "close")
      #expect(try await socket.rest() == "")
    }
  }

  @Test("while places are scarce nobody keeps one by asking again: a probe finds one")
  func polite() async throws {
    var limits = Self.patient
    limits.connectionsMax = 4
    try await withPort(limits: limits) { (port, _) async throws in
      let sockets = try (0..<4).map { _ in try port.connect() }
      for socket in sockets { socket.send(Self.live) }
      for socket in sockets { #expect(try await socket.answer().status == 200) }
      #expect(try await port.ask("GET /livez").status == 200)
      withExtendedLifetime(sockets) {}
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
    try await withPort(limits: Self.limits, routes: Self.addNever) { (port, _) async throws in
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
