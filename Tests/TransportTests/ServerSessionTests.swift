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

@Suite("A server's session and its driver", .timeLimit(.minutes(1)))
struct ServerSessionTests {
  static let start = ServerConnectionTests.start
  static var reply: ServerConnection.Outcome { .reply(Array(repeating: 0, count: 60)) }

  private func make(
    limits: ServerLimits = ServerLimits(), wakes: Wakes = Wakes(),
    budgets: ServerBudgets = ServerBudgets(ServerLimits())
  ) -> ServerSession {
    var router = Router(authorize: Router.allowAll)
    router.routes = ["unary": unaryRoute, "stream": streamRoute]
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.limits = limits
    return ServerSession(
      router: router, configuration: configuration, budgets: budgets, address: "test",
      wake: { wakes.note() })
  }

  /// A session whose hello is answered, with these calls in flight.
  private func begin(
    _ frames: [Frame.Kind], limits: ServerLimits = ServerLimits(), wakes: Wakes = Wakes(),
    budgets: ServerBudgets = ServerBudgets(ServerLimits())
  ) -> (session: ServerSession, calls: [ServerCall]) {
    let session = make(limits: limits, wakes: wakes, budgets: budgets)
    session.receive(ByteBuffer(bytes: bytes(of: [hello] + frames)))
    var calls: [ServerCall] = []
    while let start = session.next(at: Self.start) { calls.append(start.call) }
    _ = takeOutbound(session)
    return (session, calls)
  }

  /// Whether a call begins with what has come.
  private func begins(_ session: ServerSession) -> Bool {
    session.next(at: Self.start) != nil
  }

  private func takeOutbound(_ session: ServerSession) -> Bool {
    var bytes = ByteBuffer()
    return session.takeOutbound(into: &bytes)
  }

  @Test("a client that takes nothing is hung up on as soon as it costs too much")
  func overflow() throws {
    var limits = ServerLimits()
    limits.outboundBytesHigh = 50
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

  @Test("a drained connection ends when the transport has sent what it took, not before")
  func drainingTransport() throws {
    let (session, calls) = begin([call(1)])
    let first = try #require(calls.first)
    session.drain()
    session.finish(first, Self.reply)
    #expect(takeOutbound(session))
    session.stall(unsentBytes: 1, at: Self.start)
    #expect(!session.takeEnd(dropping: true))
    session.resume(at: Self.start)
    #expect(session.takeEnd())
  }

  @Test("what is unsent of all connections together has a bound, wherever it waits")
  func unsent() throws {
    var limits = ServerLimits()
    limits.outboundBytesHigh = 100
    let unsent = ByteBudget(bytes: 200)
    let budgets = ServerBudgets(
      requests: ByteBudget(bytes: 10_000), frames: ByteBudget(bytes: 10_000), unsent: unsent)
    let (one, calls) = begin([call(1), call(2)], limits: limits, budgets: budgets)
    let (other, others) = begin([call(1), call(2)], limits: limits, budgets: budgets)
    try #require(calls.count == 2 && others.count == 2)
    let size = bytes(of: [.reply(1, Array(repeating: 0, count: 60))]).count
    one.finish(calls[0], Self.reply)
    #expect(unsent.available == 200)
    one.finish(calls[1], Self.reply)
    #expect(unsent.available == 200 - (2 * size - 100))
    #expect(takeOutbound(one))
    #expect(unsent.available == 200)
    one.stall(unsentBytes: 270, at: Self.start)
    #expect(unsent.available == 30)
    // Whoever has little is left alone, whatever the others have.
    other.finish(others[0], Self.reply)
    #expect(!other.takeEnd())
    // Nor is one whose client takes what it is sent to pay for others.
    other.finish(others[1], Self.reply)
    #expect(unsent.available == 30 - (2 * size - 100))
    #expect(!other.takeEnd())
    #expect(takeOutbound(other))
    #expect(unsent.available == 30)
    // But when it takes no more, it does.
    #expect(!other.stall(unsentBytes: 270, at: Self.start))
    #expect(other.refusal?.code == .resourceExhausted)
    other.disconnected()
    #expect(unsent.available == 30)
    #expect(!one.takeEnd())
    one.resume(at: Self.start)
    #expect(unsent.available == 200)
    #expect(one.stall(unsentBytes: 270, at: Self.start))
    one.disconnected()
    #expect(unsent.available == 200)
  }

  @Test("calls that came at once begin while there is room for what they answer")
  func room() async throws {
    var limits = ServerLimits()
    limits.outboundBytesHigh = 60
    let (session, calls) = begin([call(1), call(2), call(3)], limits: limits)
    try #require(calls.count == 3)
    func waits(_ call: ServerCall) -> Bool {
      session.core.withLock { _ in call.work.writer != nil }
    }
    #expect(await session.waitForRoom(of: calls[0]))
    session.finish(calls[0], Self.reply)
    let second = Task { await session.waitForRoom(of: calls[1]) }
    while !waits(calls[1]) { await Task.yield() }
    #expect(takeOutbound(session))
    #expect(await second.value)
    session.finish(calls[1], Self.reply)
    let third = Task { await session.waitForRoom(of: calls[2]) }
    while !waits(calls[2]) { await Task.yield() }
    // Nor does one that is to stop wait for ever; it does not begin.
    session.disconnected()
    #expect(await !third.value)
  }

  @Test("a request counts until its handler has ended, also when its caller has gone")
  func requests() throws {
    let requests = ByteBudget(bytes: 10_000)
    let budgets = ServerBudgets(
      requests: requests, frames: ByteBudget(bytes: 10_000), unsent: ByteBudget(bytes: 10_000))
    let (session, calls) = begin([call(1), call(2)], budgets: budgets)
    try #require(calls.count == 2)
    session.finish(calls[0], Self.reply)
    #expect(requests.available == 10_000 - calls[1].requestBytes)
    session.disconnected()
    #expect(requests.available == 10_000 - calls[1].requestBytes)
    session.finish(calls[1], Self.reply)
    #expect(requests.available == 10_000)
  }

  @Test("frames that are not whole count for all connections, and too much ends a connection")
  func unfinished() {
    let frames = ByteBudget(bytes: 50_000)
    let budgets = ServerBudgets(
      requests: ByteBudget(bytes: 200_000), frames: frames, unsent: ByteBudget(bytes: 10_000))
    let payload = [UInt8](repeating: 0, count: 150_000)
    let frame = bytes(of: [.call(Call(callID: 1, method: "unary", payload: payload))])
    let free = ServerLimits.uncountedBytes
    let (one, _) = begin([], budgets: budgets)
    one.receive(ByteBuffer(bytes: frame.prefix(free)))
    #expect(!begins(one))
    #expect(frames.available == 50_000)
    one.receive(ByteBuffer(bytes: frame[free..<100_000]))
    #expect(!begins(one))
    #expect(frames.available == free - 50_000)
    one.receive(ByteBuffer(bytes: frame[100_000...]))
    let begun = one.next(at: Self.start)
    #expect(begun?.call.requestBytes == 150_005)
    let left = 50_000
    #expect(frames.available == left)
    let (other, _) = begin([], budgets: budgets)
    other.receive(ByteBuffer(bytes: frame.prefix(free + left)))
    #expect(!begins(other))
    #expect(frames.available == 0 && other.refusal == nil)
    other.receive(ByteBuffer(bytes: frame[(free + left)..<(free + left + 1)]))
    #expect(!begins(other))
    #expect(other.refusal?.code == .resourceExhausted)
    #expect(frames.available == left)
    let (third, _) = begin([], budgets: budgets)
    third.receive(ByteBuffer(bytes: frame.prefix(free + left)))
    #expect(!begins(third))
    third.disconnected()
    #expect(frames.available == left)
  }

  @Test("a frame before the hello is short, one right behind it is as long as any")
  func helloLimit() {
    let session = make()
    session.receive(ByteBuffer(bytes: [0, 1, 0, 0]))
    #expect(!begins(session))
    #expect(session.refusal == nil)
    let other = make()
    other.receive(ByteBuffer(bytes: [0, 1, 0, 1]))
    #expect(!begins(other))
    #expect(other.refusal?.code == .resourceExhausted)
    let payload = [UInt8](repeating: 0, count: 100_000)
    let large = Frame.Kind.call(Call(callID: 1, method: "unary", payload: payload))
    #expect(begin([large]).calls.count == 1)
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
