import Foundation
import Messages
import Testing
import Transport

extension SystemTests {
  @Suite("Older and newer clients")
  struct CompatibilityTests {
    @Test("an older client, which knows fewer fields, states and frames, is served as ever")
    func older() async throws {
      let site = try Site()
      let python = try await Python(site, protos: "Tests/System/python/old")
      let node = try await site.start()
      defer { node.kill() }
      try await node.serving()
      let client = try python.run(
        "Tests/System/python/old/client.py", ["127.0.0.1", "\(node.port)"], name: "client")
      let ending = try await client.end(within: .seconds(120))
      #expect(ending == .exit(0), "\(client.errors)\n\(node.child.errors.suffix(2000))")
      #expect(node.isRunning)
    }

    @Test("what an older client has sent byte by byte is answered as it was then")
    func transcript() async throws {
      try await withTown { town in
        try await Transcript("Tests/System/python/old/transcript.txt").play(to: town.port)
      }
    }

    @Test("a newer client agrees on our version, and what we do not know of it is passed over")
    func newer() async throws {
      try await withTown { town in
        let talk = try Talk(town.port)
        var hello = Hello(versionMin: 1, versionMax: 9)
        hello.credentials = Credentials(role: "customer", id: "c-1")
        try talk.send(Self.field(1, hello.serialized() + Self.news))
        guard case .helloReply(let reply) = try await talk.next() else {
          Issue.record("no hello_reply")
          return
        }
        #expect(reply.version == 1)
        let call = Call(
          callID: 1, method: "baedal.order.v1.OrderService/PlaceOrder",
          payload: try Town.request("newer").serialized() + Self.news)
        try talk.send(Self.field(3, call.serialized() + Self.news))
        guard case .reply(let placed) = try await talk.next() else {
          Issue.record("no reply")
          return
        }
        let order = try PlaceOrderResponse(serialized: placed.payload).order
        #expect(order?.state == .placed)
        let unknown = Call(callID: 2, method: "baedal.order.v1.OrderService/GiftOrder")
        try talk.send(Self.field(3, unknown.serialized()))
        guard case .end(let end) = try await talk.next() else {
          Issue.record("no end")
          return
        }
        #expect(end.status?.code == 12 && end.unprocessed)
      }
    }

    @Test("a client that only speaks what comes after us is told so, and others go on")
    func tooNew() async throws {
      try await withTown { town in
        for (bytes, code) in [
          (Self.field(1, try Hello(versionMin: 2, versionMax: 9).serialized()), UInt32(9)),
          // A kind of frame that we do not know leaves no way to go on.
          (
            Self.field(1, try Hello(versionMin: 1, versionMax: 9).serialized())
              + Self.field(77, [1, 2, 3]), 3
          ),
        ] {
          let talk = try Talk(town.port)
          try talk.send(bytes)
          var kinds: [Frame.Kind] = []
          while let kind = try await talk.next() { kinds.append(kind) }
          guard case .goAway(let away) = kinds.last else {
            Issue.record("\(kinds)")
            continue
          }
          #expect(away.status?.code == code, "\(away)")
        }
        _ = try await town.placed("all the same")
      }
    }

    /// Two fields that nothing has: a number and a text.
    private static let news: [UInt8] =
      [0x80, 0x7d, 42] + field(2001, Array("new".utf8)).dropFirst(4)

    /// A frame with one field: its number, and the bytes of the message in it.
    private static func field(_ number: Int, _ message: [UInt8]) -> [UInt8] {
      let body = varint(number << 3 | 2) + varint(message.count) + message
      return withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body
    }

    private static func varint(_ value: Int) -> [UInt8] {
      value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
    }

    private func withTown(_ body: (Town) async throws -> Void) async throws {
      let site = try Site()
      let node = try await site.start()
      defer { node.kill() }
      try await node.serving()
      let town = Town(node)
      try await town.open()
      try await body(town)
      await town.close()
      #expect(try await node.stop() == .exit(0))
    }
  }
}

/// A connection of which each side's frames are looked at one by one.
private final class Talk {
  private let socket: RawSocket
  private var rest: [UInt8] = []
  private var frames: [Frame.Kind] = []

  init(_ port: Int) throws { socket = try RawSocket(port) }

  func send(_ bytes: [UInt8]) throws {
    guard socket.send(bytes) else { throw Trouble("the node has hung up") }
  }

  /// The next frame; nil once the node has hung up.
  func next() async throws -> Frame.Kind? {
    try await eventually("frame") { () -> Frame.Kind?? in
      if !frames.isEmpty { return .some(frames.removeFirst()) }
      guard let bytes = socket.receive() else { return .some(nil) }
      rest += bytes
      frames = try RawSocket.frames(of: &rest)
      return frames.isEmpty ? nil : .some(frames.removeFirst())
    }
  }
}

/// What was sent, and what has to come back: `> HEX`, and `< CALL reply TYPE TEXT`, `< CALL end
/// STATUS`, or `< KIND`.
private struct Transcript {
  private let lines: [[String]]

  init(_ path: String) throws {
    let text = try String(contentsOfFile: Python.path(path), encoding: .utf8)
    lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  func play(to port: Int) async throws {
    let talk = try Talk(port)
    var bytes: [UInt8] = []
    for words in lines {
      switch words.first {
      case ">":
        bytes += stride(from: 0, to: words[1].count, by: 2).compactMap { offset in
          UInt8(words[1].dropFirst(offset).prefix(2), radix: 16)
        }
      case "<":
        if !bytes.isEmpty { try talk.send(bytes) }
        bytes = []
        try await expect(Array(words.dropFirst()), talk)
      default: break
      }
    }
  }

  private func expect(_ words: [String], _ talk: Talk) async throws {
    var kind = try await talk.next()
    while case .item = kind { kind = try await talk.next() }
    let line = words.joined(separator: " ")
    switch (words.first, kind) {
    case ("hello_reply", .helloReply), ("pong", .pong), ("closed", nil): break
    case (let call?, .reply(let reply)):
      #expect(call == "\(reply.callID)" && words[1] == "reply", "\(line)")
      let json = try MessageRegistry.bytesToJSON(words[2], reply.payload)
      #expect(json.contains(words[3]), "\(line): \(json)")
    case (let call?, .end(let end)):
      #expect(call == "\(end.callID)" && words[1] == "end", "\(line)")
      let code = StatusCode(rawValue: end.status?.code ?? 0)
      #expect(code?.name == words[2], "\(line): \(end)")
    default: Issue.record("\(line): \(String(describing: kind))")
    }
  }
}
