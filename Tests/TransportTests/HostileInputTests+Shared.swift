import Glibc
import Messages
import Synchronization
import Testing

@testable import Transport

/// What all connections of a server may hold together, and how one is told that it is too much.
extension HostileInputTests {
  @Test("who takes nothing is hung up on when all together have too much unsent")
  func unsentTogether() async throws {
    var limits = ServerLimits()
    limits.unsentBytesMax = 4 << 20
    // Nobody is hung up on for silence.
    limits.keepaliveInterval = .seconds(600)
    try await withPort(limits) { server, port, probe in
      let calls = try largeCalls(4)
      let raws = [try #require(RawClient(port: port)), try #require(RawClient(port: port))]
      for raw in raws { raw.send(bytes(of: [hello] + calls)) }
      await probe.gate.arrivals(8)
      probe.gate.open()
      while server.connectionCount > 0 { await Task.yield() }
      while server.budgets.unsent.available < limits.unsentBytesMax { await Task.yield() }
      // They are there all the while.
      for raw in raws { raw.hangUp() }
    }
  }

  @Test("frames that are not finished have a bound for all connections together")
  func unfinishedTogether() async throws {
    var limits = ServerLimits()
    limits.requestBytesMax = 1 << 20
    try await withPort(limits) { server, port, _ in
      let payload = try Text(service: String(repeating: "x", count: 600_000)).serialized()
      let frame = bytes(
        of: [.call(Call(callID: 1, method: TestMethods.echo.path, payload: payload))])
      let counted = frame.count - 1 - ServerLimits.uncountedBytes
      let first = try #require(RawClient(port: port))
      first.send(bytes(of: [hello]) + frame.dropLast())
      let budget = server.budgets.frames
      while budget.available > limits.requestBytesMax - counted { await Task.yield() }
      let second = try #require(RawClient(port: port))
      second.send(bytes(of: [hello]) + frame.dropLast())
      #expect(second.receiveAll() == ["hello reply", "go-away RESOURCE_EXHAUSTED", "end"])
      // The first one can still finish.
      first.send(Array(frame.suffix(1)))
      guard case .frame(.helloReply) = first.receive(), case .frame(.reply) = first.receive() else {
        Issue.record("no answer")
        return
      }
      while budget.available < limits.requestBytesMax { await Task.yield() }
    }
  }

  /// Holds a connection at the door until its client has said all it has to say.
  private final class Door: Sendable {
    let isFirst = Atomic(true)
    let isSent = Atomic(false)

    func admit() -> RPCError? {
      guard isFirst.exchange(false, ordering: .relaxed) else { return nil }
      while !isSent.load(ordering: .acquiring) { sched_yield() }
      return RPCError(code: .resourceExhausted, message: "not now")
    }
  }

  @Test("who is turned away hears why, and is not reset for what they have said by then")
  func turnedAway() async throws {
    let door = Door()
    try await withPort(admit: { _ in door.admit() }) { _, port, _ in
      defer { door.isSent.store(true, ordering: .releasing) }
      let raw = try #require(RawClient(port: port))
      raw.send(bytes(of: [hello, call(1)]))
      door.isSent.store(true, ordering: .releasing)
      #expect(raw.receiveAll() == ["go-away RESOURCE_EXHAUSTED", "end"])
      #expect(!raw.wasReset)
    }
  }
}
