import Messages
import Testing

@testable import Transport

@Suite("The server's half of a connection, as time passes")
struct ServerTimeTests {
  static let start = ServerConnectionTests.start

  private func tick(_ machine: inout ServerConnection, _ after: Duration) -> String {
    words(machine.tick(at: Self.start.advanced(by: after)))
  }

  @Test("no hello in time ends a connection")
  func hello() {
    var machine = ServerConnectionTests.machine(.awaitingHello)
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(5)))
    #expect(tick(&machine, .milliseconds(4999)) == "none")
    #expect(tick(&machine, .seconds(5)) == "close DEADLINE_EXCEEDED after 0")
    #expect(machine.nextTick() == .distantFuture)
  }

  @Test("silence is answered with a ping, more silence with hanging up")
  func keepalive() {
    var machine = ServerConnectionTests.machine(.open)
    #expect(tick(&machine, .seconds(29)) == "none")
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(30)))
    #expect(tick(&machine, .seconds(30)) == "send ping")
    #expect(tick(&machine, .seconds(31)) == "none")
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(40)))
    machine.received(at: Self.start.advanced(by: .seconds(35)), isPartial: false)
    #expect(tick(&machine, .seconds(40)) == "none")
    #expect(tick(&machine, .seconds(65)) == "send ping")
    #expect(tick(&machine, .seconds(75)) == "close")
  }

  @Test("a frame that does not get complete ends a connection")
  func halfFrame() {
    var machine = ServerConnectionTests.machine(.open)
    for second in 0..<30 {
      machine.received(at: Self.start.advanced(by: .seconds(second)), isPartial: true)
      #expect(tick(&machine, .seconds(second)) == "none")
    }
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(30)))
    #expect(tick(&machine, .seconds(30)) == "close DEADLINE_EXCEEDED after 1")
  }

  @Test("a complete frame starts the clock of the next one anew")
  func wholeFrame() {
    var machine = ServerConnectionTests.machine(.open)
    machine.received(at: Self.start, isPartial: true)
    machine.received(at: Self.start.advanced(by: .seconds(20)), isPartial: false)
    machine.received(at: Self.start.advanced(by: .seconds(25)), isPartial: true)
    #expect(tick(&machine, .seconds(54)) == "none")
    #expect(tick(&machine, .seconds(55)) == "close DEADLINE_EXCEEDED after 1")
  }

  @Test("frames on end, each read ending inside one, are no frame that does not get complete")
  func pipelinedFrames() {
    var machine = ServerConnectionTests.machine(.open)
    for second in 0...60 {
      let now = Self.start.advanced(by: .seconds(second))
      _ = machine.receive(.ping(Ping(nonce: 1)), at: now) { _ in nil }
      machine.received(at: now, isPartial: true)
      #expect(tick(&machine, .seconds(second)) == "none")
    }
    #expect(tick(&machine, .seconds(90)) == "close DEADLINE_EXCEEDED after 1")
  }

  @Test("a client that is not read from is not silent, but has to take what it is sent")
  func stall() {
    var machine = ServerConnectionTests.machine(.open)
    machine.received(at: Self.start, isPartial: true)
    let (unsent, some) = (500_000, ServerLimits().progressBytesMin(of: 500_000))
    #expect(some == 64 * 1024)
    #expect(ServerLimits().progressBytesMin(of: 8 << 20) == 1 << 20)
    machine.stalled(unsentBytes: unsent, at: Self.start)
    // What it has not taken is asked for in between.
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(1)))
    #expect(tick(&machine, .seconds(39)) == "none")
    // Some of it was taken, then next to nothing.
    machine.stalled(unsentBytes: unsent - some, at: Self.start.advanced(by: .seconds(39)))
    for second in 40..<79 {
      let bytes = unsent - 2 * some + 79 - second
      machine.stalled(unsentBytes: bytes, at: Self.start.advanced(by: .seconds(second)))
      #expect(tick(&machine, .seconds(second)) == "none")
    }
    #expect(tick(&machine, .seconds(79)) == "close")
  }

  @Test("a client that is read from again has its time for a frame, and for silence, anew")
  func resumed() {
    for isPartial in [true, false] {
      var machine = ServerConnectionTests.machine(.open)
      machine.received(at: Self.start, isPartial: isPartial)
      machine.stalled(unsentBytes: 1, at: Self.start.advanced(by: .seconds(25)))
      machine.resumed(at: Self.start.advanced(by: .seconds(60)))
      #expect(tick(&machine, .seconds(89)) == "none")
      #expect(machine.nextTick() == Self.start.advanced(by: .seconds(90)))
      #expect(
        tick(&machine, .seconds(90))
          == (isPartial ? "close DEADLINE_EXCEEDED after 1" : "send ping"))
    }
  }

  @Test("a connection without calls is drained, one with a call is not")
  func idle() {
    var limits = ServerLimits()
    limits.idleTimeout = .seconds(10)
    var machine = ServerConnectionTests.machine(.open, limits: limits)
    #expect(tick(&machine, .seconds(20)) == "none")
    _ = machine.finish(1, .end(nil))
    machine.received(at: Self.start.advanced(by: .seconds(25)), isPartial: false)
    #expect(tick(&machine, .seconds(29)) == "none")
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(30)))
    let drained = machine.isDrained
    #expect(!drained)
    _ = machine.tick(at: Self.start.advanced(by: .seconds(30)))
    let phase = machine.phase
    #expect(phase == .draining)
  }

  @Test("deadlines end the calls that are due, all at once, and no others")
  func deadlines() {
    var machine = ServerConnectionTests.machine(.open)
    for (id, timeout) in [(2, 3_000_000), (3, 1_000_000), (4, 1_000_000), (5, 0)] {
      let frame = call(UInt64(id), timeoutUs: UInt64(timeout))
      _ = machine.receive(frame, at: Self.start, route: routes)
    }
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(1)))
    #expect(tick(&machine, .milliseconds(999)) == "none")
    #expect(tick(&machine, .seconds(1)) == "answer and stop [3, 4]")
    #expect(tick(&machine, .seconds(1)) == "none")
    #expect(machine.nextTick() == Self.start.advanced(by: .seconds(3)))
    // The handler's own answer comes too late, and still frees the place.
    let count = machine.calls.count
    #expect(words(machine.finish(3, .reply([]))) == "none")
    #expect(machine.calls.count == count - 1)
    #expect(tick(&machine, .seconds(3)) == "answer and stop [2]")
  }

  @Test("a timeout too large for the clock is no deadline")
  func hugeTimeout() {
    var machine = ServerConnectionTests.machine(.open)
    _ = machine.receive(call(2, timeoutUs: .max), at: Self.start, route: routes)
    _ = machine.receive(call(3, timeoutUs: 1 << 62), at: Self.start, route: routes)
    #expect(machine.earliestDeadline == .distantFuture)
  }
}
