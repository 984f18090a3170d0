import Messages
import NIOCore
import Synchronization
import Testing

@testable import Transport

/// How often a session woke its driver.
final class Wakes: Sendable {
  private let total = Mutex(0)

  func note() { total.withLock { $0 += 1 } }
  var count: Int { total.withLock { $0 } }
}

@Suite("A server's session and its driver")
struct ServerSessionTests {
  static let start = ServerConnectionTests.start
  static var reply: ServerConnection.Outcome { .reply(Array(repeating: 0, count: 60)) }

  /// A session whose hello is answered, with these calls in flight.
  private func begin(
    _ frames: [Frame.Kind], limits: ServerLimits = ServerLimits(), wakes: Wakes = Wakes()
  ) -> (session: ServerSession, calls: [ServerCall]) {
    var router = Router(authorize: Router.allowAll)
    router.routes = ["unary": unaryRoute, "stream": streamRoute]
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.limits = limits
    let session = ServerSession(
      router: router, configuration: configuration, budget: RequestBudget(bytes: 10_000),
      address: "test", wake: { wakes.note() })
    session.receive(ByteBuffer(bytes: bytes(of: [hello] + frames)))
    var calls: [ServerCall] = []
    while let start = session.next(at: Self.start) { calls.append(start.call) }
    _ = takeOutbound(session)
    return (session, calls)
  }

  private func takeOutbound(_ session: ServerSession) -> Bool {
    var bytes = ByteBuffer()
    return session.takeOutbound(into: &bytes)
  }

  @Test("a client that takes nothing is hung up on as soon as it costs too much")
  func overflow() throws {
    var limits = ServerLimits()
    limits.outboundBytesMax = 100
    let wakes = Wakes()
    let (session, calls) = begin([call(1), call(2)], limits: limits, wakes: wakes)
    try #require(calls.count == 2)
    session.stall(unsentBytes: 1, at: Self.start)
    session.finish(calls[0], Self.reply)
    #expect(wakes.count == 1)
    #expect(!session.takeEnd(dropping: true))
    // The driver, which could not take the first answer, is woken again.
    session.finish(calls[1], Self.reply)
    #expect(wakes.count == 2)
    #expect(session.takeEnd(dropping: true))
    #expect(!takeOutbound(session))
  }

  @Test("what is unsent when a connection is closed is dropped if nobody takes it")
  func dropping() throws {
    let (session, calls) = begin([call(1)])
    let first = try #require(calls.first)
    session.stall(unsentBytes: 1, at: Self.start)
    session.finish(first, Self.reply)
    // An empty frame.
    session.receive(ByteBuffer(bytes: [0, 0, 0, 0]))
    _ = session.next(at: Self.start)
    #expect(!session.takeEnd())
    #expect(session.takeEnd(dropping: true))
    #expect(!takeOutbound(session))
  }

  @Test("what is unsent when a connection is drained is kept until it is taken")
  func draining() throws {
    let (session, calls) = begin([call(1)])
    let first = try #require(calls.first)
    session.stall(unsentBytes: 1, at: Self.start)
    session.finish(first, Self.reply)
    session.drain()
    #expect(!session.takeEnd(dropping: true))
    session.resume(at: Self.start)
    #expect(takeOutbound(session))
    #expect(session.takeEnd())
  }

  @Test("a client that asks for more than may be unsent, and reads, gets all of it, in order")
  func pipelining() {
    var limits = ServerLimits()
    limits.outboundBytesHigh = 1000
    limits.outboundBytesMax = 2000
    let (session, _) = begin([], limits: limits)
    let calls = (1...500).map { call(UInt64($0)) }
    let frames: [Frame.Kind] = calls + [.ping(Ping(nonce: 7))]
    var answered: [UInt64] = []
    func answer() {
      while let start = session.next(at: Self.start) {
        session.finish(start.call, Self.reply)
        answered.append(start.call.id)
      }
    }
    session.receive(ByteBuffer(bytes: bytes(of: Array(frames.prefix(200)))))
    answer()
    #expect((1..<200).contains(answered.count))
    #expect(!session.isResumed)
    // What comes meanwhile waits behind it.
    let before = answered.count
    session.receive(ByteBuffer(bytes: bytes(of: Array(frames.dropFirst(200)))))
    answer()
    #expect(answered.count == before)
    var taken = ByteBuffer()
    var parser = FrameParser(frameBytesMax: 1000)
    var names: [String] = []
    while session.takeOutbound(into: &taken) {
      parser.append(taken)
      while let frame = try? parser.next(FrameCodec.decode) { names.append(frame.name) }
      if session.takeResumed() { answer() }
    }
    #expect(answered == Array(1...500))
    #expect(names == Array(repeating: "reply", count: 500) + ["pong"])
    #expect(!session.takeEnd(dropping: true))
  }

  @Test("a stream's writer waits while much is unsent, and goes on when that is taken")
  func writers() async throws {
    var limits = ServerLimits()
    limits.outboundBytesHigh = 100
    let (session, calls) = begin([call(1, "stream", credit: 10)], limits: limits)
    let stream = try #require(calls.first)
    func isSent() -> Bool {
      let result = session.sendItem(Array(repeating: 0, count: 100), of: stream)
      if case .sent = result { return true } else { return false }
    }
    #expect(isSent())
    #expect(!isSent())
    let writer = Task { await session.waitForCredit(of: stream) }
    while session.core.withLock({ _ in stream.work.writer == nil }) { await Task.yield() }
    #expect(takeOutbound(session))
    await writer.value
    #expect(isSent())
  }
}
