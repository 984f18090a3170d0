import Messages
import NIOCore
import Testing

@testable import Transport

@Suite("A client's session and its driver")
struct ClientSessionTests {
  static let start = ClientConnectionTests.start
  static let ping = Frame.Kind.ping(Ping(nonce: 1))

  /// An open session that keeps at most 100 bytes of answers to pings.
  private func open(_ wakes: Wakes) -> ClientSession {
    var configuration = ClientConfiguration()
    configuration.clock = TransportClock(now: { Self.start }, sleep: { _ in })
    configuration.limits.controlBytesMax = 100
    let session = ClientSession(
      configuration: configuration, onOpen: { _ in }, wake: { wakes.note() })
    _ = takeOutbound(session)
    receive([.helloReply(HelloReply(version: 1))], session)
    return session
  }

  private func receive(_ frames: [Frame.Kind], _ session: ClientSession) {
    session.receive(ByteBuffer(bytes: bytes(of: frames)), at: Self.start)
  }

  private func takeOutbound(_ session: ClientSession) -> Bool {
    var bytes = ByteBuffer()
    return session.takeOutbound(into: &bytes)
  }

  @Test("a server that asks for answers and does not take them is given up")
  func pings() {
    let wakes = Wakes()
    let session = open(wakes)
    receive([Self.ping], session)
    #expect(session.isOpen)
    #expect(wakes.count == 1)
    receive(Array(repeating: Self.ping, count: 20), session)
    #expect(!session.isOpen)
    #expect(wakes.count == 2)
    #expect(session.takeEnd(dropping: true))
    #expect(!takeOutbound(session))
  }

  @Test("a deadline that is earlier than all others is told, also when nothing is taken")
  func earlierDeadline() throws {
    let wakes = Wakes()
    let session = open(wakes)
    func begin(_ seconds: Int) throws(RPCError) -> ClientCall {
      try session.stream(
        "m", payload: [], options: CallOptions(),
        deadline: Self.start.advanced(by: .seconds(seconds)))
    }
    let before = wakes.count
    let calls = try [begin(9), begin(9), begin(5), begin(7)]
    #expect(calls.map { $0.id } == [1, 2, 3, 4])
    // Once for the bytes, and once for the earlier deadline.
    #expect(wakes.count == before + 2)
    #expect(session.nextTick == Self.start.advanced(by: .seconds(5)))
  }

  @Test("a server that takes its answers may ask for as many as it likes")
  func answeredPings() {
    let session = open(Wakes())
    for _ in 0..<100 {
      receive([Self.ping], session)
      #expect(takeOutbound(session))
    }
    #expect(session.isOpen)
  }
}
