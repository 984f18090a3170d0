import Messages
import Testing

@testable import Transport

/// An action in words, for tables.
func words(_ action: ServerConnection.Action) -> String {
  switch action {
  case .none: "none"
  case .send(.goAway(let goAway)): "send go-away after \(goAway.lastCallID)"
  case .send(.end(let end)):
    "end \(end.callID) \(StatusCode(wire: end.status?.code ?? 0).name)"
      + (end.unprocessed ? " unprocessed" : "")
  case .send(let frame): "send \(frame.name)"
  case .verify(let claim, _): "verify \(claim.principal.role)"
  case .start(let call, _): "start \(call.id)"
  case .stop(let call): "stop \(call.id)"
  case .answerAndStop(let answers): "answer and stop \(answers.map { $0.call.id }.sorted())"
  case .resume(let call): "resume \(call.id)"
  case .close(.goAway(let goAway)?):
    "close \(StatusCode(wire: goAway.status?.code ?? 0).name) after \(goAway.lastCallID)"
  case .close: "close"
  }
}

let unaryRoute = Router.Route.unary { (payload, _) throws(RPCError) in payload }
let streamRoute = Router.Route.serverStream { (_, _, _) throws(RPCError) in }

func routes(_ method: String) -> Router.Route? {
  switch method {
  case "unary": unaryRoute
  case "stream": streamRoute
  default: nil
  }
}

let hello = Frame.Kind.hello(Hello(versionMin: 1, versionMax: 1))

func call(_ id: UInt64, _ method: String = "unary", credit: UInt32 = 0, timeoutUs: UInt64 = 0)
  -> Frame.Kind
{
  .call(Call(callID: id, method: method, payload: [1], timeoutUs: timeoutUs, credit: credit))
}

@Suite("The server's half of a connection")
struct ServerConnectionTests {
  static let start = MonotonicInstant(nanoseconds: 1_000_000_000)

  /// A machine in that phase; open and draining ones have call 1 (a stream) in flight.
  static func machine(
    _ phase: ServerConnection.Phase, limits: ServerLimits = ServerLimits()
  ) -> ServerConnection {
    var configuration = ServerConfiguration(authenticate: ServerConfiguration.trusting)
    configuration.limits = limits
    if phase == .verifying {
      configuration.verify = { (claim, _) throws(RPCError) in Identity(claim.principal) }
    }
    var machine = ServerConnection(
      configuration: configuration, budget: ByteBudget(bytes: 100), frames: ByteBudget(bytes: 100),
      address: "test", now: start)
    guard phase != .awaitingHello else { return machine }
    _ = machine.receive(hello, at: start, route: routes)
    guard phase != .verifying else { return machine }
    _ = machine.receive(call(1, "stream"), at: start, route: routes)
    if phase == .draining { _ = machine.drain() }
    if phase == .closed { _ = machine.disconnected() }
    return machine
  }

  static let frames: [Frame.Kind] = [
    hello, .helloReply(HelloReply(version: 1)), call(2), .reply(Reply(callID: 1)),
    .item(StreamItem(callID: 1)), .end(End(callID: 1)), .cancel(CancelCall(callID: 1)),
    .credit(Credit(callID: 1, messages: 1)), .ping(Ping(nonce: 1)), .pong(Pong(nonce: 1)),
    .goAway(GoAway()),
  ]

  /// One row per phase, one column per kind of frame, in the order of `frames`.
  static let table: [(ServerConnection.Phase, [String])] = [
    (
      .awaitingHello,
      ["send hello reply"] + Array(repeating: "close INVALID_ARGUMENT after 0", count: 10)
    ),
    (.verifying, Array(repeating: "close INVALID_ARGUMENT after 0", count: 11)),
    (
      .open,
      [
        "close INVALID_ARGUMENT after 1", "close INVALID_ARGUMENT after 1", "start 2",
        "close INVALID_ARGUMENT after 1", "close INVALID_ARGUMENT after 1",
        "close INVALID_ARGUMENT after 1", "stop 1", "resume 1", "send pong", "none", "none",
      ]
    ),
    (
      .draining,
      [
        "close INVALID_ARGUMENT after 1", "close INVALID_ARGUMENT after 1", "none",
        "close INVALID_ARGUMENT after 1", "close INVALID_ARGUMENT after 1",
        "close INVALID_ARGUMENT after 1", "stop 1", "resume 1", "send pong", "none", "none",
      ]
    ),
    (.closed, Array(repeating: "none", count: 11)),
  ]

  @Test("every phase answers every frame as the table says", arguments: 0..<5)
  func frames(row: Int) {
    let (phase, expected) = Self.table[row]
    for (frame, wanted) in zip(Self.frames, expected) {
      var machine = Self.machine(phase)
      let action = machine.receive(frame, at: Self.start, route: routes)
      #expect(words(action) == wanted, "\(phase) on \(frame.name)")
    }
  }

  /// The other events, in the order: drain, disconnected, violate, tick now, finish 1, item of 1.
  static let events: [(ServerConnection.Phase, [String])] = [
    (
      .awaitingHello,
      [
        "close OK after 0", "close", "close INTERNAL after 0", "none", "none", "gone",
      ]
    ),
    (
      .verifying,
      [
        "close OK after 0", "close", "close INTERNAL after 0", "none", "none", "gone",
      ]
    ),
    (
      .open,
      [
        "send go-away after 1", "close", "close INTERNAL after 1", "none", "end 1 OK", "wait",
      ]
    ),
    (.draining, ["none", "close", "close INTERNAL after 1", "none", "end 1 OK", "wait"]),
    (.closed, ["none", "none", "none", "none", "none", "gone"]),
  ]

  @Test("every phase answers every other event as the table says", arguments: 0..<5)
  func events(row: Int) {
    let (phase, expected) = Self.events[row]
    var results: [String] = []
    var machine = Self.machine(phase)
    results.append(words(machine.drain()))
    machine = Self.machine(phase)
    results.append(words(machine.disconnected()))
    machine = Self.machine(phase)
    results.append(words(machine.violate(WireError(code: .internal, message: ""))))
    machine = Self.machine(phase)
    results.append(words(machine.tick(at: Self.start)))
    machine = Self.machine(phase)
    results.append(words(machine.finish(1, .end(nil))))
    machine = Self.machine(phase)
    switch machine.sendItem([], of: 1) {
    case .send: results.append("send")
    case .wait: results.append("wait")
    case .gone: results.append("gone")
    }
    #expect(results == expected, "\(phase)")
  }

  @Test("what proves a claim is looked into before anything else; the result counts once")
  func verified() {
    let identity = Identity(Principal(role: "rider", id: "r"))
    var machine = Self.machine(.verifying)
    #expect(words(machine.verified(.success(identity))) == "send hello reply")
    #expect(machine.peer.principal == identity.principal)
    #expect(words(machine.verified(.success(identity))) == "none")
    machine = Self.machine(.verifying)
    let refusal = RPCError(code: .unauthenticated, message: "no")
    #expect(words(machine.verified(.failure(refusal))) == "close UNAUTHENTICATED after 0")
    machine = Self.machine(.verifying)
    _ = machine.disconnected()
    #expect(words(machine.verified(.success(identity))) == "none")
    machine = Self.machine(.verifying)
    let late = Self.start.advanced(by: ServerLimits().helloTimeout)
    #expect(machine.nextTick() == late)
    #expect(words(machine.tick(at: late)) == "close DEADLINE_EXCEEDED after 0")
  }

  @Test("a proof that ends, ends the streams with it, at its time; calls are finished")
  func problem() {
    var machine = Self.machine(.verifying)
    let end = Self.start.advanced(by: .seconds(1))
    let identity = Identity(Principal(role: "rider", id: "r"), expires: end) { now in
      now < end ? nil : RPCError(code: .unauthenticated, message: "expired")
    }
    _ = machine.verified(.success(identity))
    for frame in [call(1), call(2, "stream"), call(3, "stream")] {
      _ = machine.receive(frame, at: Self.start, route: routes)
    }
    #expect(machine.nextTick() == end)
    #expect(words(machine.tick(at: end.advanced(byNanoseconds: -1))) == "none")
    #expect(words(machine.tick(at: end)) == "answer and stop [2, 3]")
    #expect(words(machine.tick(at: end)) == "none")
    // Nor does an end that has passed keep the driver awake.
    #expect(machine.nextTick() > end)
  }

  @Test(
    "no version in common is FAILED_PRECONDITION",
    arguments: [
      (0, 0, false), (0, 1, true), (1, 1, true), (1, 9, true), (2, 9, false), (9, 1, false),
    ] as [(UInt32, UInt32, Bool)])
  func version(min: UInt32, max: UInt32, isTaken: Bool) {
    var machine = Self.machine(.awaitingHello)
    let greeting = Frame.Kind.hello(Hello(versionMin: min, versionMax: max))
    let action = machine.receive(greeting, at: Self.start, route: routes)
    #expect(
      words(action)
        == (isTaken ? "send hello reply" : "close FAILED_PRECONDITION after 0"))
  }

  @Test(
    "call ids rise: zero, a duplicate and a step back end the connection",
    arguments: [0, 1] as [UInt64])
  func ids(id: UInt64) {
    var machine = Self.machine(.open)
    #expect(
      words(machine.receive(call(id), at: Self.start, route: routes))
        == "close INVALID_ARGUMENT after 1")
  }

  @Test("what concerns one call ends that call only")
  func refusals() {
    var limits = ServerLimits()
    limits.connection.callsInFlightMax = 2
    limits.connection.metadataBytesMax = 4
    limits.connection.streamCreditMax = 10
    var machine = Self.machine(.open, limits: limits)
    func result(_ frame: Frame.Kind) -> String {
      words(machine.receive(frame, at: Self.start, route: routes))
    }
    #expect(result(call(2, "none")) == "end 2 UNIMPLEMENTED unprocessed")
    let headed = Call(
      callID: 3, method: "unary", metadata: [Metadata(key: "abc", value: "de")])
    #expect(result(.call(headed)) == "end 3 RESOURCE_EXHAUSTED unprocessed")
    #expect(result(call(4, "stream", credit: 11)) == "end 4 INVALID_ARGUMENT unprocessed")
    let large = Call(callID: 5, method: "unary", payload: Array(repeating: 0, count: 100))
    #expect(result(.call(large)) == "end 5 RESOURCE_EXHAUSTED unprocessed")
    #expect(result(call(6)) == "start 6")
    #expect(result(call(7)) == "end 7 RESOURCE_EXHAUSTED unprocessed")
    #expect(result(.credit(Credit(callID: 1, messages: 11))) == "answer and stop [1]")
    #expect(result(.credit(Credit(callID: 1, messages: .max))) == "none")
    #expect(result(.cancel(CancelCall(callID: 5))) == "none")
    #expect(result(.credit(Credit(callID: 5, messages: 1))) == "none")
    #expect(result(.cancel(CancelCall(callID: 99))) == "close INVALID_ARGUMENT after 7")
  }

  @Test("a call takes its request's bytes, and its handler's end frees its place")
  func freeing() {
    var machine = Self.machine(.open)
    // Of each call its one byte of payload and its method's name.
    #expect(machine.budget.available == 93)
    _ = machine.receive(call(2), at: Self.start, route: routes)
    #expect(machine.budget.available == 87)
    #expect(words(machine.finish(2, .reply([1]))) == "send reply")
    #expect(words(machine.finish(2, .reply([1]))) == "none")
    #expect(machine.takeCalls().count == 1)
    #expect(machine.takeCalls().count == 0)
  }

  @Test("what has come of a frame counts beyond 64 KiB, until it is whole or the connection ends")
  func unfinished() {
    let free = ServerLimits.uncountedBytes
    var machine = Self.machine(.open)
    #expect(words(machine.hold(free)) == "none")
    #expect(machine.frames.available == 100)
    #expect(words(machine.hold(free + 50)) == "none")
    #expect(machine.frames.available == 50)
    #expect(words(machine.hold(free + 20)) == "none")
    #expect(machine.frames.available == 80)
    _ = machine.receive(.ping(Ping(nonce: 1)), at: Self.start, route: routes)
    #expect(machine.frames.available == 100)
    #expect(words(machine.hold(free + 101)) == "close RESOURCE_EXHAUSTED after 1")
    #expect(words(machine.hold(0)) == "none")
    #expect(machine.frames.available == 100)
  }

  @Test("a status fits into the client's frames: details are left out and the message is cut")
  func longStatus() {
    var machine = Self.machine(.awaitingHello)
    let small = Hello(versionMin: 1, versionMax: 1, limits: Limits(frameBytesMax: 300))
    _ = machine.receive(.hello(small), at: Self.start, route: routes)
    func sent(_ action: ServerConnection.Action) -> End? {
      guard case .send(let frame) = action, case .end(let end) = frame else { return nil }
      #expect(bytes(of: [frame]).count <= 4 + 300)
      return end
    }
    let errors = [
      RPCError(code: .internal, message: String(repeating: "값", count: 1000)),
      RPCError(
        code: .internal, message: "값",
        details: [ErrorDetail(typeURL: "test.Detail", bytes: Array(repeating: 1, count: 250))],
        retryAfter: .seconds(1)),
      RPCError(
        code: .internal, message: "값",
        details: [ErrorDetail(typeURL: "test.Detail", bytes: [1])], retryAfter: .seconds(1)),
    ]
    var ends: [End] = []
    for (index, error) in errors.enumerated() {
      let id = UInt64(index + 1)
      _ = machine.receive(call(id), at: Self.start, route: routes)
      if let end = sent(machine.finish(id, .end(error))) { ends.append(end) }
    }
    // 236 bytes are left for it, and a character of three bytes is not cut in two.
    #expect(ends.map { $0.status?.message.utf8.count } == [234, 3, 3])
    #expect(ends.map { $0.status?.details.count } == [0, 0, 1])
    #expect(ends.map { $0.status?.retryAfterMs } == [0, 1000, 1000])
    // One character, however long it is.
    let method = "e" + String(repeating: "\u{301}", count: 100_000)
    #expect(method.count == 1)
    let refused = sent(machine.receive(call(4, method), at: Self.start, route: routes))
    #expect(refused?.unprocessed == true)
    #expect(refused?.status?.message.hasPrefix("no method ") == true)
  }

  @Test("metadata counts 32 bytes an entry, against its limit and the server's budget")
  func emptyMetadata() {
    var limits = ServerLimits()
    limits.connection.metadataBytesMax = 70
    var machine = Self.machine(.open, limits: limits)
    let headed = { (id: UInt64, count: Int) in
      Frame.Kind.call(
        Call(
          callID: id, method: "unary", metadata: Array(repeating: Metadata(), count: count)))
    }
    #expect(
      words(machine.receive(headed(2, 3), at: Self.start, route: routes))
        == "end 2 RESOURCE_EXHAUSTED unprocessed")
    #expect(machine.budget.available == 93)
    #expect(words(machine.receive(headed(3, 2), at: Self.start, route: routes)) == "start 3")
    #expect(machine.budget.available == 93 - 5 - 64)
  }

  @Test("a hello's names have a bound", arguments: [256, 257])
  func names(count: Int) {
    let name = String(repeating: "n", count: count)
    let hellos = [
      Hello(versionMin: 1, versionMax: 1, node: name),
      Hello(versionMin: 1, versionMax: 1, credentials: Credentials(role: name)),
      Hello(versionMin: 1, versionMax: 1, credentials: Credentials(id: name)),
    ]
    for hello in hellos {
      var machine = Self.machine(.awaitingHello)
      let action = machine.receive(.hello(hello), at: Self.start, route: routes)
      #expect(
        words(action) == (count > 256 ? "close INVALID_ARGUMENT after 0" : "send hello reply"))
    }
  }

  @Test("credit is spent one by one and renewed")
  func credit() {
    var machine = Self.machine(.open)
    _ = machine.receive(call(2, "stream", credit: 2), at: Self.start, route: routes)
    func canSend() -> Bool {
      if case .send = machine.sendItem([1], of: 2) { true } else { false }
    }
    #expect(canSend())
    #expect(canSend())
    #expect(!canSend())
    _ = machine.receive(.credit(Credit(callID: 2, messages: 1)), at: Self.start, route: routes)
    #expect(canSend())
    #expect(!canSend())
  }
}
