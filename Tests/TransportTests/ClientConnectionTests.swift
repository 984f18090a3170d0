import Messages
import Testing

@testable import Transport

/// An action in words, for tables.
func words(_ action: ClientConnection.Action) -> String {
  switch action {
  case .none: "none"
  case .send(let frame): "send \(frame.name)"
  case .opened: "opened"
  case .deliver(let call, _): "deliver \(call.id)"
  case .finish(let call, .success): "finish \(call.id)"
  case .finish(let call, .failure(let error)): "finish \(call.id) \(error.code.name)"
  case .fail(let failed, let frames):
    "fail \(failed.map { "\($0.call.id) \($0.error.code.name)" }.sorted())"
      + (frames.isEmpty ? "" : " sending \(frames.count)")
  case .close(let frame, let failed, let error):
    "close \(error.code.name), \(failed.count) failed" + (frame == nil ? "" : ", go-away")
  }
}

@Suite("The client's half of a connection")
struct ClientConnectionTests {
  static let start = MonotonicInstant(nanoseconds: 1_000_000_000)

  /// A machine in that phase; but for the first, with call 1 (unary) and call 2 (a stream with
  /// credit 1) in flight.
  static func machine(_ phase: ClientConnection.Phase) -> ClientConnection {
    var machine = ClientConnection(configuration: ClientConfiguration(), now: start)
    guard phase != .awaitingHelloReply else { return machine }
    _ = machine.receive(.helloReply(HelloReply(version: 1)))
    _ = begin(&machine)
    _ = begin(&machine, inbox: StreamInbox())
    if phase == .draining { _ = machine.drain() }
    if phase == .closed {
      _ = machine.disconnected(RPCError(code: .unavailable, message: ""))
    }
    return machine
  }

  static func begin(
    _ machine: inout ClientConnection, inbox: StreamInbox? = nil, payload: [UInt8] = [],
    deadline: MonotonicInstant = .distantFuture
  ) -> String {
    let call = ClientCall(deadline: deadline, inbox: inbox)
    let begun = machine.begin(
      call, "m", payload: payload, options: CallOptions(streamCredit: 1), at: start)
    switch begun {
    case .send(.call(let wire)): return "call \(wire.callID) in \(wire.timeoutUs) us"
    case .send(let frame): return "send \(frame.name)"
    case .refuse(let error):
      return "\(error.code.name)\(error.unprocessed ? " unprocessed" : "")"
    }
  }

  static let failed = Status(code: 9, message: "no")
  static let frames: [Frame.Kind] = [
    hello, .helloReply(HelloReply(version: 1)), call(1), .reply(Reply(callID: 1)),
    .reply(Reply(callID: 2)), .reply(Reply(callID: 3)), .item(StreamItem(callID: 2)),
    .item(StreamItem(callID: 1)), .item(StreamItem(callID: 0)), .end(End(callID: 1)),
    .end(End(callID: 1, status: failed)), .end(End(callID: 2)),
    .end(End(callID: 2, status: failed)), .cancel(CancelCall(callID: 1)),
    .credit(Credit(callID: 1)), .ping(Ping(nonce: 1)), .pong(Pong(nonce: 1)),
    .goAway(GoAway(lastCallID: 1)), .goAway(GoAway(lastCallID: 0, status: failed)),
  ]

  static let whileOpen = [
    "close INTERNAL, 2 failed, go-away", "close INTERNAL, 2 failed, go-away",
    "close INTERNAL, 2 failed, go-away", "finish 1", "finish 2 INTERNAL",
    "close INTERNAL, 2 failed, go-away", "deliver 2", "close INTERNAL, 2 failed, go-away",
    "close INTERNAL, 2 failed, go-away", "finish 1 INTERNAL", "finish 1 FAILED_PRECONDITION",
    "finish 2", "finish 2 FAILED_PRECONDITION", "close INTERNAL, 2 failed, go-away",
    "close INTERNAL, 2 failed, go-away", "send pong", "none", #"fail ["2 UNAVAILABLE"]"#,
    #"fail ["1 FAILED_PRECONDITION", "2 FAILED_PRECONDITION"]"#,
  ]

  static let table: [(ClientConnection.Phase, [String])] = [
    (
      .awaitingHelloReply,
      ["close INTERNAL, 0 failed, go-away", "opened"]
        + Array(repeating: "close INTERNAL, 0 failed, go-away", count: 15)
        + ["close UNAVAILABLE, 0 failed", "close FAILED_PRECONDITION, 0 failed"]
    ),
    (.open, whileOpen),
    (.draining, whileOpen),
    (.closed, Array(repeating: "none", count: 19)),
  ]

  @Test("every phase answers every frame as the table says", arguments: 0..<4)
  func frames(row: Int) {
    let (phase, expected) = Self.table[row]
    #expect(expected.count == Self.frames.count)
    for (index, wanted) in expected.enumerated() {
      var machine = Self.machine(phase)
      let action = machine.receive(Self.frames[index])
      #expect(words(action) == wanted, "\(phase) on frame \(index), \(Self.frames[index].name)")
    }
  }

  @Test(
    "every phase answers every local event as the table says",
    arguments: [
      (
        .awaitingHelloReply,
        [
          "UNAVAILABLE unprocessed", "close UNAVAILABLE, 0 failed", "none", "none",
          "close UNAVAILABLE, 0 failed", "none",
        ]
      ),
      (
        .open,
        [
          "call 3 in 0 us", "send go-away", #"fail ["1 CANCELLED"] sending 1"#, "send credit",
          "close UNAVAILABLE, 2 failed", "none",
        ]
      ),
      (
        .draining,
        [
          "UNAVAILABLE unprocessed", "none", #"fail ["1 CANCELLED"] sending 1"#, "send credit",
          "close UNAVAILABLE, 2 failed", "none",
        ]
      ),
      (.closed, ["UNAVAILABLE unprocessed", "none", "none", "none", "none", "none"]),
    ] as [(ClientConnection.Phase, [String])])
  func events(phase: ClientConnection.Phase, expected: [String]) {
    var results: [String] = []
    var machine = Self.machine(phase)
    results.append(Self.begin(&machine))
    machine = Self.machine(phase)
    results.append(words(machine.drain()))
    machine = Self.machine(phase)
    results.append(words(machine.cancel(1, RPCError(code: .cancelled, message: ""))))
    machine = Self.machine(phase)
    results.append(words(machine.grant(1, to: 2)))
    machine = Self.machine(phase)
    results.append(words(machine.disconnected(RPCError(code: .unavailable, message: ""))))
    machine = Self.machine(phase)
    results.append(words(machine.tick(at: Self.start)))
    #expect(results == expected, "\(phase)")
  }

  @Test("a stream message without credit ends the connection")
  func credit() {
    var machine = Self.machine(.open)
    let item = Frame.Kind.item(StreamItem(callID: 2))
    #expect(words(machine.receive(item)) == "deliver 2")
    #expect(words(machine.receive(item)) == "close INTERNAL, 2 failed, go-away")
    machine = Self.machine(.open)
    #expect(words(machine.grant(1, to: 2)) == "send credit")
    #expect(words(machine.receive(item)) == "deliver 2")
    #expect(words(machine.receive(item)) == "deliver 2")
  }

  @Test("a cancelled call keeps its place until the server's last frame")
  func cancelled() {
    var machine = Self.machine(.open)
    let error = RPCError(code: .cancelled, message: "")
    _ = machine.cancel(1, error)
    #expect(words(machine.cancel(1, error)) == "none")
    #expect(machine.calls.count == 2)
    #expect(words(machine.receive(.reply(Reply(callID: 1)))) == "none")
    #expect(machine.calls.count == 1)
  }

  @Test("the wire carries the time left, and a deadline ends a call here too")
  func deadlines() {
    var machine = Self.machine(.open)
    let soon = Self.start.advanced(by: .milliseconds(250))
    #expect(Self.begin(&machine, deadline: soon) == "call 3 in 250000 us")
    #expect(Self.begin(&machine, deadline: Self.start) == "DEADLINE_EXCEEDED unprocessed")
    #expect(machine.nextTick() == soon)
    #expect(words(machine.tick(at: soon)) == #"fail ["3 DEADLINE_EXCEEDED"] sending 1"#)
    #expect(words(machine.tick(at: soon)) == "none")
  }

  @Test("the server's limits are kept")
  func limits() {
    var machine = ClientConnection(configuration: ClientConfiguration(), now: Self.start)
    let limits = Limits(frameBytesMax: 1000, callsInFlightMax: 1)
    _ = machine.receive(.helloReply(HelloReply(version: 1, limits: limits)))
    let large = [UInt8](repeating: 0, count: 1000)
    #expect(Self.begin(&machine, payload: large) == "RESOURCE_EXHAUSTED unprocessed")
    #expect(Self.begin(&machine) == "call 1 in 0 us")
    #expect(Self.begin(&machine) == "RESOURCE_EXHAUSTED unprocessed")
  }

  @Test("a server of another version, or a silent one, is given up")
  func giveUp() {
    var machine = Self.machine(.awaitingHelloReply)
    #expect(
      words(machine.receive(.helloReply(HelloReply(version: 2))))
        == "close FAILED_PRECONDITION, 0 failed")
    machine = Self.machine(.awaitingHelloReply)
    #expect(
      words(machine.tick(at: Self.start.advanced(by: .seconds(5))))
        == "close UNAVAILABLE, 0 failed")
    machine = Self.machine(.open)
    #expect(words(machine.tick(at: Self.start.advanced(by: .seconds(30)))) == "send ping")
    #expect(
      words(machine.tick(at: Self.start.advanced(by: .seconds(40))))
        == "close UNAVAILABLE, 2 failed")
  }
}
