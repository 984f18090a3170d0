import Messages
import NIOCore
import Synchronization
import Testing

@testable import Transport

/// Damaged and invented input against whole sessions: no trap, and bounded memory.
@Suite("Fuzzed input", .timeLimit(.minutes(3)))
struct FuzzTests {
  static let rounds = 50_000

  /// A conversation a client could have, as bytes.
  private static func clientBytes(_ random: inout SeededGenerator) -> [UInt8] {
    var frames: [Frame.Kind] = [hello]
    for id in 1...UInt64.random(in: 1...6, using: &random) {
      let method = ["unary", "stream", "none"].randomElement(using: &random) ?? ""
      let payload = (0..<Int.random(in: 0...20, using: &random)).map {
        UInt8(truncatingIfNeeded: $0)
      }
      frames.append(
        .call(
          Call(
            callID: id, method: method, payload: payload,
            timeoutUs: Bool.random(using: &random) ? 0 : 5,
            metadata: [Metadata(key: "k", value: "v")],
            credit: UInt32.random(in: 0...3, using: &random))))
      switch Int.random(in: 0...5, using: &random) {
      case 0: frames.append(.cancel(CancelCall(callID: id)))
      case 1: frames.append(.credit(Credit(callID: id, messages: 5)))
      case 2: frames.append(.ping(Ping(nonce: id)))
      case 3: frames.append(.goAway(GoAway()))
      default: break
      }
    }
    return bytes(of: frames)
  }

  private static func serverBytes(_ random: inout SeededGenerator) -> [UInt8] {
    var frames: [Frame.Kind] = [.helloReply(HelloReply(version: 1))]
    for _ in 0...4 {
      let id = UInt64.random(in: 0...3, using: &random)
      switch Int.random(in: 0...5, using: &random) {
      case 0: frames.append(.reply(Reply(callID: id, payload: [1])))
      case 1: frames.append(.item(StreamItem(callID: id, payload: [1])))
      case 2: frames.append(.end(End(callID: id, status: Status(code: 77, message: "x"))))
      case 3: frames.append(.ping(Ping(nonce: id)))
      case 4: frames.append(.goAway(GoAway(lastCallID: id)))
      default: break
      }
    }
    return bytes(of: frames)
  }

  /// Flips, cuts, repeats or overwrites some of the bytes.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0...5, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: at)
      case 4: bytes.removeLast(bytes.count - at)
      default: bytes.append(contentsOf: bytes[at...].prefix(32))
      }
    }
  }

  private static func chunks(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [ByteBuffer] {
    var chunks: [ByteBuffer] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let size = Int.random(in: 1...40, using: &random)
      chunks.append(ByteBuffer(bytes: rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return chunks
  }

  @Test("a server survives 50,000 damaged conversations")
  func server() {
    var random = SeededGenerator(state: 1)
    var router = Router(authorize: Router.allowAll)
    router.routes = ["unary": unaryRoute, "stream": streamRoute]
    var limits = ServerLimits()
    limits.connection.frameBytesMax = 2000
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.limits = limits
    let budgets = ServerBudgets(
      requests: ByteBudget(bytes: 10_000), frames: ByteBudget(bytes: 10_000),
      unsent: ByteBudget(bytes: 10_000))
    var started = 0
    for _ in 0..<Self.rounds {
      let session = ServerSession(
        router: router, configuration: configuration, budgets: budgets, address: "fuzz", wake: {})
      var running: [ServerCall] = []
      var bytes = Self.clientBytes(&random)
      Self.mutate(&bytes, &random)
      var out = ByteBuffer()
      for chunk in Self.chunks(bytes, &random) {
        session.receive(chunk)
        while let start = session.next(at: .init(nanoseconds: 5)) {
          started += 1
          switch Int.random(in: 0...3, using: &random) {
          case 0: session.finish(start.call, .reply(start.payload))
          case 1: session.finish(start.call, .end(nil))
          case 2:
            _ = session.sendItem([1], of: start.call)
            running.append(start.call)
          default: running.append(start.call)
          }
        }
        if Bool.random(using: &random) { _ = session.tick(at: .init(nanoseconds: 10_000)) }
        _ = session.takeOutbound(into: &out)
        #expect(session.core.withLock { $0.parser.pendingBytes } <= 2004)
      }
      session.disconnected()
      for call in running { session.finish(call, .end(nil)) }
    }
    #expect(started > Self.rounds / 2)
    // Whatever happened, every byte of the budgets came back.
    #expect(budgets.requests.available == 10_000)
    #expect(budgets.unsent.available == 10_000)
  }

  @Test("a client survives 50,000 damaged conversations")
  func client() {
    var random = SeededGenerator(state: 2)
    for _ in 0..<Self.rounds {
      let session = ClientSession(
        configuration: ClientConfiguration(), onOpen: { _ in }, wake: {})
      var bytes = Self.serverBytes(&random)
      Self.mutate(&bytes, &random)
      var out = ByteBuffer()
      var calls: [ClientCall] = []
      for chunk in Self.chunks(bytes, &random) {
        session.receive(chunk, at: .init(nanoseconds: 5))
        if calls.count < 2, session.isOpen,
          let call = try? session.stream(
            "m", payload: [], options: CallOptions(), deadline: .distantFuture)
        {
          calls.append(call)
        }
        _ = session.takeOutbound(into: &out)
      }
      for call in calls { session.cancel(call) }
      session.disconnected(RPCError(code: .unavailable, message: ""))
    }
  }

  @Test("random bytes never pass for a conversation")
  func noise() {
    var random = SeededGenerator(state: 3)
    let configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    let router = Router(authorize: Router.allowAll)
    let budgets = ServerBudgets(configuration.limits)
    for _ in 0..<Self.rounds {
      let session = ServerSession(
        router: router, configuration: configuration, budgets: budgets, address: "noise", wake: {})
      let count = Int.random(in: 0...60, using: &random)
      let noise = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      // Half of them with the right length.
      let head: [UInt8] = Bool.random(using: &random) ? [0, 0, 0, UInt8(count)] : []
      let bytes = head + noise
      session.receive(ByteBuffer(bytes: bytes))
      _ = session.next(at: .init(nanoseconds: 5))
      // Only what may still become a frame is waited for.
      let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let isPart = length > bytes.count - 4 && length <= ServerLimits.helloBytesMax
      let isWaiting = bytes.count < 4 || isPart
      #expect((session.refusal == nil) == isWaiting, "\(bytes)")
    }
  }
}
