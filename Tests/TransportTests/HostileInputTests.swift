import Glibc
import Messages
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// What strangers do to a real socket: a status or a closed connection, and the
/// node goes on.
@Suite("Hostile input on TCP", .serialized, .timeLimit(.minutes(2)))
struct HostileInputTests {
  func withPort(
    _ limits: ServerLimits = ServerLimits(),
    admit: @escaping @Sendable (String) -> RPCError? = { _ in nil },
    _ body: (TCPServer, Int, Probe) async throws -> Void
  ) async throws {
    let probe = Probe()
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.limits = limits
    configuration.admit = admit
    let server = TCPServer(
      host: "127.0.0.1", port: 0, router: testRouter(probe), configuration: configuration,
      group: MultiThreadedEventLoopGroup.singleton)
    let port = try await server.start().port ?? 0
    try await body(server, port, probe)
    // After whatever happened, an honest client is served.
    let client = TCPClient(
      host: "127.0.0.1", port: port, configuration: ClientConfiguration(),
      group: MultiThreadedEventLoopGroup.singleton)
    let answer = try await RPCClient(client).unary(
      TestMethods.echo, Text(service: "alive"), options: CallOptions(waitsForServer: true))
    #expect(answer.service == "alive")
    probe.gate.open()
    await server.drain(within: .milliseconds(50))
  }

  static let violations: [(String, [UInt8], [String])] = [
    (
      "an HTTP request", Array("GET / HTTP/1.1\r\n\r\n".utf8),
      ["go-away RESOURCE_EXHAUSTED", "end"]
    ),
    ("a length of 4 GiB", [0xFF, 0xFF, 0xFF, 0xFF], ["go-away RESOURCE_EXHAUSTED", "end"]),
    ("a long frame before hello", [0, 1, 0, 1], ["go-away RESOURCE_EXHAUSTED", "end"]),
    ("an empty frame", [0, 0, 0, 0], ["go-away INVALID_ARGUMENT", "end"]),
    ("a wrong wire type", [0, 0, 0, 2, 0x08, 0x01], ["go-away INVALID_ARGUMENT", "end"]),
    ("a call before hello", bytes(of: [call(1)]), ["go-away INVALID_ARGUMENT", "end"]),
    (
      "a ping before hello", bytes(of: [.ping(Ping(nonce: 1))]),
      ["go-away INVALID_ARGUMENT", "end"]
    ),
    ("an old version", bytes(of: [.hello(Hello())]), ["go-away FAILED_PRECONDITION", "end"]),
    (
      "hello twice", bytes(of: [hello, hello]), ["hello reply", "go-away INVALID_ARGUMENT", "end"]
    ),
    (
      "a duplicate call id", bytes(of: [hello, call(1), call(1)]),
      ["hello reply", "end", "go-away INVALID_ARGUMENT", "end"]
    ),
    (
      "garbage after a hello", bytes(of: [hello]) + [0, 0, 0, 3, 0xFF, 0xFF, 0xFF],
      ["hello reply", "go-away INVALID_ARGUMENT", "end"]
    ),
  ]

  @Test("a violation is answered with a go-away and the end", arguments: 0..<violations.count)
  func violation(index: Int) async throws {
    try await withPort { _, port, _ in
      let (name, bytes, expected) = Self.violations[index]
      let raw = try #require(RawClient(port: port))
      raw.send(bytes)
      #expect(raw.receiveAll() == expected, "\(name)")
    }
  }

  @Test("a connection that never says hello is ended, half a hello too", arguments: [0, 3, 6])
  func noHello(sent: Int) async throws {
    var limits = ServerLimits()
    limits.helloTimeout = .milliseconds(50)
    try await withPort(limits) { _, port, _ in
      let raw = try #require(RawClient(port: port))
      raw.send(Array(bytes(of: [hello]).prefix(sent)))
      #expect(raw.receiveAll() == ["go-away DEADLINE_EXCEEDED", "end"])
    }
  }

  @Test("a frame that is never finished ends the connection")
  func halfFrame() async throws {
    var limits = ServerLimits()
    limits.frameTimeout = .milliseconds(50)
    try await withPort(limits) { _, port, _ in
      let raw = try #require(RawClient(port: port))
      raw.send(bytes(of: [hello]) + [0, 0x10, 0, 0, 1, 2, 3])
      #expect(raw.receiveAll() == ["hello reply", "go-away DEADLINE_EXCEEDED", "end"])
    }
  }

  @Test("a client that does not answer pings is hung up on; one that does is not")
  func keepalive() async throws {
    var limits = ServerLimits()
    limits.keepaliveInterval = .milliseconds(30)
    limits.keepaliveTimeout = .seconds(3)
    try await withPort(limits) { _, port, _ in
      let silent = try #require(RawClient(port: port))
      let polite = try #require(RawClient(port: port))
      silent.send(hello)
      polite.send(hello)
      #expect(
        polite.receive()
          == .frame(.helloReply(HelloReply(version: 1, limits: ConnectionLimits().wire))))
      for _ in 0..<10 {
        guard case .frame(.ping(let ping)) = polite.receive() else {
          Issue.record("no ping")
          return
        }
        polite.send(.pong(Pong(nonce: ping.nonce)))
      }
      #expect(silent.receiveAll() == ["hello reply", "end"])
    }
  }

  @Test("connections over the limit are turned away, however many, and memory stays")
  func idleConnections() async throws {
    var limits = ServerLimits()
    limits.connectionsMax = 100
    limits.halfOpenConnectionsMax = 60
    // Nobody makes room while the test runs.
    limits.helloTimeout = .seconds(600)
    try await withPort(limits) { server, port, _ in
      let before = residentBytes()
      var kept: [RawClient] = []
      for _ in 0..<40 {
        let greeted = try #require(RawClient(port: port))
        greeted.send(hello)
        guard case .frame(.helloReply) = greeted.receive() else {
          Issue.record("an honest connection was refused")
          return
        }
        kept.append(greeted)
      }
      // Far more than the limit, in waves, for a process has only so many descriptors. The
      // first wave stays and takes every place there is.
      var first: [RawClient] = []
      for number in 0..<20 {
        var wave: [RawClient] = []
        for _ in 0..<200 { if let raw = RawClient(port: port) { wave.append(raw) } }
        let last = try #require(wave.last)
        #expect(last.receiveAll() == ["go-away RESOURCE_EXHAUSTED", "end"])
        #expect(server.connectionCount <= 100)
        if number == 0 { first = wave }
      }
      #expect(first.count == 200)
      #expect(server.refusedConnectionCount >= 2000)
      // Those who were there first are still served.
      for raw in kept {
        raw.send(call(1))
        guard case .frame(.end(let end)) = raw.receive() else {
          Issue.record("a kept connection was not answered")
          return
        }
        #expect(end.status?.code == StatusCode.unimplemented.rawValue)
      }
      #expect(residentBytes() - before < 64 << 20)
      first = []
      kept = []
      // The server notices by and by that they have gone.
      while server.connectionCount > 0 { await Task.yield() }
    }
  }

  @Test("a client that asks and never reads is held back, then costs no more memory")
  func neverReads() async throws {
    try await withPort { server, port, probe in
      let before = residentBytes()
      let payload = try Text(service: String(repeating: "x", count: 100_000)).serialized()
      let flood = Task.detached {
        guard let raw = RawClient(port: port) else { return }
        raw.send(hello)
        for id in 1...UInt64(3000) {
          let frame = Call(callID: id, method: TestMethods.echo.path, payload: payload)
          if Task.isCancelled || !raw.sendPatiently(bytes(of: [.call(frame)])) { return }
        }
      }
      await flood.value
      // 300 MB of answers were asked for; the server stopped reading long before.
      #expect(probe.contexts.withLock { $0.count } < 1000)
      #expect(residentBytes() - before < 128 << 20)
      #expect(server.connectionCount <= 1)
    }
  }

  /// - Parameter follows: after a call of which a task is left, which then runs the others one by
  ///   one as they are read; else each has a task of its own.
  @Test(
    "a client that asks for more at once than may be unsent, and takes it, gets all of it",
    arguments: [true, false])
  func pipelining(follows: Bool) async throws {
    var limits = ServerLimits()
    limits.outboundBytesMax = 1 << 20
    try await withPort(limits) { _, port, _ in
      let raw = try #require(RawClient(port: port))
      let payload = try Text(service: "65000").serialized()
      let calls: [Frame.Kind] = (1...UInt64(100)).map { id in
        .call(Call(callID: id, method: TestMethods.large.path, payload: payload))
      }
      let first = follows ? 1 : 0
      raw.send(bytes(of: [hello] + calls.prefix(first)))
      for name in ["hello reply", "reply"].prefix(1 + first) {
        guard case .frame(let frame) = raw.receive(), frame.name == name else {
          Issue.record("no \(name)")
          return
        }
      }
      raw.send(bytes(of: Array(calls.dropFirst(first)) + [.goAway(GoAway())]))
      #expect(raw.receiveAll() == Array(repeating: "reply", count: 100 - first) + ["end"])
    }
  }

  @Test("a client that takes nothing of what it asked for is hung up on")
  func takesNothing() async throws {
    var limits = ServerLimits()
    limits.keepaliveInterval = .milliseconds(400)
    limits.keepaliveTimeout = .milliseconds(100)
    try await withPort(limits) { server, port, probe in
      let raw = try #require(RawClient(port: port))
      let calls = try largeCalls(4)
      raw.send(bytes(of: [hello] + calls))
      await probe.gate.arrivals(4)
      probe.gate.open()
      while server.connectionCount > 0 { await Task.yield() }
      // It is there all the while.
      raw.hangUp()
    }
  }

  @Test("the time to hang up begins when the last answer is out")
  func linger() async throws {
    var limits = ServerLimits()
    limits.lingerTimeout = .zero
    try await withPort(limits) { _, port, probe in
      let raw = try #require(RawClient(port: port))
      let rest: [Frame.Kind] = [.goAway(GoAway()), .ping(Ping(nonce: 1))]
      let calls = try largeCalls(2)
      raw.send(bytes(of: [hello] + calls + rest))
      guard case .frame(.helloReply) = raw.receive(), case .frame(.pong) = raw.receive() else {
        Issue.record("no answer to the last frame")
        return
      }
      await probe.gate.arrivals(2)
      probe.gate.open()
      #expect(raw.receiveAll() == ["reply", "reply", "end"])
    }
  }

  /// Calls whose answers no socket's buffer holds, given once the gate opens.
  func largeCalls(_ count: UInt64) throws -> [Frame.Kind] {
    let payload = try Text(service: String(repeating: "x", count: 4_000_000)).serialized()
    return (1...count).map { id in
      .call(Call(callID: id, method: TestMethods.wait.path, payload: payload))
    }
  }

  @Test("calls cancelled as fast as they are made stay within the limit in flight")
  func rapidReset() async throws {
    var limits = ServerLimits()
    limits.connection.callsInFlightMax = 10
    try await withPort(limits) { _, port, probe in
      let raw = try #require(RawClient(port: port))
      raw.send(hello)
      var frames: [Frame.Kind] = []
      for id in 1...UInt64(2000) {
        frames.append(call(id, TestMethods.wait.path))
        frames.append(.cancel(CancelCall(callID: id)))
      }
      raw.send(bytes(of: frames + [.goAway(GoAway())]))
      var ended: [StatusCode] = []
      loop: while true {
        switch raw.receive() {
        case .frame(.end(let end)): ended.append(StatusCode(wire: end.status?.code ?? 0))
        case .frame: continue
        case .end, .timeout, .unreadable: break loop
        }
      }
      #expect(ended.count == 2000)
      #expect(ended.contains(.resourceExhausted))
      #expect(probe.waiting.withLock { $0.most } <= 10)
    }
  }

  /// Resident memory of this process, which is the server's too.
  private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var pages = (0, 0)
    _ = withUnsafeMutablePointer(to: &pages.0) { first in
      withUnsafeMutablePointer(to: &pages.1) { second in
        withVaList([first, second]) { vfscanf(file, "%ld %ld", $0) }
      }
    }
    return pages.1 * 4096
  }
}

extension RawClient {
  /// Sends unless the other side takes nothing for half a second.
  func sendPatiently(_ bytes: [UInt8]) -> Bool {
    setSendPatience()
    return send(bytes)
  }
}
