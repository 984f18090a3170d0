import Messages
import NIOCore
import NIOPosix
import Testing
import Transport

extension SystemTests {
  @Suite("A running node, badly treated")
  struct BadInputTests {
    /// More than a debug build needs when nothing piles up.
    private static let memoryMaxMiB = 500

    /// What is sent, and the status of the go-away that answers it.
    static let hostile: [(name: String, bytes: [UInt8], code: StatusCode?)] = [
      ("another protocol", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), .resourceExhausted),
      ("a length of 4 GB", [0xff, 0xff, 0xff, 0xff], .resourceExhausted),
      ("a long frame before hello", [0, 1, 0, 1], .resourceExhausted),
      ("an empty frame", [0, 0, 0, 0], .invalidArgument),
      ("bytes that are no frame", [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], .invalidArgument),
      ("a wrong wire type", [0, 0, 0, 2, 0x08, 0x01], .invalidArgument),
      ("a length within that is beyond the frame", [0, 0, 0, 3, 0x0a, 0x7f, 0], .invalidArgument),
      ("a call before hello", [0, 0, 0, 4, 0x1a, 2, 0x08, 1], .invalidArgument),
    ]

    @Test("answers garbage with a go-away and a closed connection", arguments: hostile.indices)
    func garbage(index: Int) async throws {
      let (name, bytes, code) = Self.hostile[index]
      try await withTown { town in
        for _ in 0..<50 {
          let socket = try RawSocket(town.port)
          socket.send(bytes)
          let frames = try await socket.framesUntilClosed()
          guard case .goAway(let goAway) = frames.last else {
            Issue.record("\(name): \(frames) instead of a go-away")
            return
          }
          #expect(StatusCode(wire: goAway.status?.code ?? 0) == code, "\(name)")
        }
        _ = try await town.placed("still well")
      }
    }

    @Test("survives random bytes, before and after a hello")
    func randomBytes() async throws {
      try await withTown { town in
        var random = SeededRandom(seed: 7)
        for round in 0..<200 {
          let socket = try RawSocket(town.port)
          if round.isMultiple(of: 2) { try socket.hello() }
          var bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
          }
          // Often a length that fits, so that what follows is looked at.
          if round % 3 != 0, bytes.count > 4 {
            bytes.replaceSubrange(0..<4, with: [0, 0, 0, UInt8(min(bytes.count - 4, 255))])
          }
          socket.send(bytes)
        }
        _ = try await town.placed("still well")
      }
    }

    @Test("tells who calls a method that is not there, or with a payload that is not its request")
    func calls() async throws {
      try await withTown { town in
        await expect(code: .unimplemented) {
          _ = try await town.customer.call("baedal.order.v1.OrderService/Steal", payload: [])
        }
        let place = "baedal.order.v1.OrderService/PlaceOrder"
        // A field of another wire type, a string that is not UTF-8, a cut-off message.
        for payload: [UInt8] in [[0x08, 0x01], [0x0a, 2, 0xff, 0xfe], [0x0a, 0x7f]] {
          await expect(code: .invalidArgument) {
            _ = try await town.customer.call(place, payload: payload)
          }
        }
        await expect(code: .resourceExhausted) {
          let payload = [UInt8](repeating: 0, count: 5 * 1024 * 1024)
          _ = try await town.customer.call(place, payload: payload)
        }
        _ = try await town.placed("still well")
      }
    }

    @Test("lets nobody hold half a frame, half a hello or too many connections")
    func heldOpen() async throws {
      let config = """
        limits: {connections_max: 40, half_open_connections_max: 10, hello_timeout_ms: 700,
          frame_timeout_ms: 700}
        """
      try await withTown(config) { town in
        let silent = try RawSocket(town.port)
        let halfHello = try RawSocket(town.port)
        halfHello.send([0, 0, 0, 20, 0x0a])
        let halfFrame = try RawSocket(town.port)
        try halfFrame.hello()
        halfFrame.send([0, 0, 1, 0, 0x1a])
        try await until("silence to be noticed") {
          silent.isClosed && halfHello.isClosed && halfFrame.isClosed
        }
        let idle = try (0..<100).map { _ in
          let socket = try RawSocket(town.port)
          try socket.hello()
          return socket
        }
        try await until("end of the connections over the limit") {
          idle.count { $0.isClosed } >= 100 - 40
        }
        _ = try await town.placed("still well")
      }
    }

    @Test("stays well with ten thousand idle connections, most of them over the limit")
    func idleConnections() async throws {
      let files = raiseFileLimit()
      let count = min(10_000, files - 2_000)
      try #require(count > 4_096, "only \(files) files may be open")
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      var sockets: [RawSocket] = []
      for number in 0..<count {
        let socket = try RawSocket(node.port)
        try socket.hello()
        sockets.append(socket)
        // The machine's queue of connections not yet accepted is short.
        if number % 100 == 99 { _ = try await town.order(town.placed("\(number)").orderID) }
      }
      try await until("end of the connections over the limit") {
        sockets.count { !$0.isClosed } <= 4_096
      }
      _ = try await town.placed("still well")
      #expect(node.residentMiB < Self.memoryMaxMiB)
      sockets = []
      // With room again others may come too.
      let other = Town(node)
      _ = try await eventually("room for another") { try await other.placed("after them") }
      await other.close()
      await town.close()
    }

    @Test("does not grow while large requests are begun and never finished")
    func halfRequests() async throws {
      let site = try Site()
      let node = try await site.start("limits: {request_bytes_max: 33554432}")
      defer { node.kill() }
      let town = Town(node)
      try await town.open()
      _ = try await town.placed("well")
      let before = node.residentMiB
      // 200 times a frame of 4 MiB but for its last byte. Some have all of it taken, the others are
      // hung up on.
      let hello = try RawSocket.framed(.hello(Hello(versionMin: 1, versionMax: 1)))
      let length = 4 * 1024 * 1024
      let head = hello + [0, 0x40, 0, 0]
      let bytes = ByteBuffer(bytes: head + [UInt8](repeating: 0x1a, count: length - 1))
      var channels: [any Channel] = []
      for _ in 0..<200 {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
          .connect(host: "127.0.0.1", port: node.port).get()
        channels.append(channel)
        try? await channel.writeAndFlush(bytes).get()
      }
      _ = try await town.placed("still well")
      // 32 MiB, and 64 KiB for each of the others, are what they may have; 800 MiB were sent.
      #expect(node.residentMiB - before < 160)
      for channel in channels { channel.close(promise: nil) }
      await town.close()
    }
  }
}
