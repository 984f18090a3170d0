import Messages
import Synchronization
import Testing

@testable import Transport

@Suite("The transport contract: streams and ends", .timeLimit(.minutes(1)))
struct StreamContractTests {
  @Test("a stream brings every message in order", arguments: Carrier.allCases, [1, 3, 32, 1000])
  func inOrder(_ carrier: Carrier, credit: Int) async throws {
    try await withServer(carrier) { (served) async throws in
      let stream = try await served.client().serverStream(
        TestMethods.count, Text(service: "2000"),
        options: CallOptions(streamCredit: UInt32(credit)))
      var expected = 0
      for try await message in stream {
        #expect(message.service == "\(expected)")
        expected += 1
      }
      #expect(expected == 2000)
    }
  }

  @Test("a server sends no more than the credit granted", arguments: Carrier.allCases)
  func credit(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let stream = try await client.serverStream(
        TestMethods.count, Text(service: "100"), options: CallOptions(streamCredit: 4))
      var iterator = stream.makeAsyncIterator()
      var read = 0
      while try await iterator.next(isolation: nil) != nil {
        read += 1
        // A round trip of another call: what the server could have sent by now, it has.
        _ = try await client.unary(TestMethods.echo, Text())
        #expect(served.probe.sent.withLock { $0 } <= read + 4)
      }
      #expect(read == 100)
    }
  }

  @Test(
    "a stream flows where the server allows less credit than is asked for",
    arguments: Carrier.allCases)
  func creditLimit(_ carrier: Carrier) async throws {
    var limits = ServerLimits()
    limits.connection.streamCreditMax = 5
    try await withServer(carrier, limits: limits) { (served) async throws in
      let stream = try await served.client().serverStream(
        TestMethods.count, Text(service: "100"), options: CallOptions(streamCredit: 32))
      var count = 0
      for try await _ in stream { count += 1 }
      #expect(count == 100)
    }
  }

  @Test("leaving a stream cancels it", arguments: Carrier.allCases)
  func leave(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      do {
        let stream = try await client.serverStream(TestMethods.tail, Text())
        for try await message in stream {
          #expect(message.service == "first")
          break
        }
      }
      try await served.probe.cancelled.wait()
      _ = try await client.unary(TestMethods.echo, Text())
    }
  }

  @Test("cancelling the reading task cancels the stream", arguments: Carrier.allCases)
  func cancelReader(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let stream = try await client.serverStream(TestMethods.tail, Text())
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          _ = await failure(.cancelled) { () throws(RPCError) in
            var count = 0
            for try await _ in stream { count += 1 }
            return count
          }
        }
        await served.probe.gate.arrivals(1)
        tasks.cancelAll()
      }
      try await served.probe.cancelled.wait()
    }
  }

  @Test("a stream ends at its deadline", arguments: Carrier.allCases)
  func deadline(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      _ = await failure(.deadlineExceeded) { () throws(RPCError) in
        let stream = try await client.serverStream(
          TestMethods.tail, Text(), options: CallOptions(timeout: .milliseconds(50)))
        var count = 0
        for try await _ in stream { count += 1 }
        return count
      }
      // On a busy machine the time may be over before the handler began.
      if served.probe.gate.arrived > 0 { try await served.probe.cancelled.wait() }
    }
  }

  @Test("an unknown stream method is UNIMPLEMENTED", arguments: Carrier.allCases)
  func unimplemented(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      _ = await failure(.unimplemented) { () throws(RPCError) in
        let missing = ServerStreamMethod<Text, Text>(path: "test.Service/Missing")
        for try await _ in try await client.serverStream(missing, Text()) {}
      }
      // One kind called as the other is an error of that call.
      _ = await failure(.internal) { () throws(RPCError) in
        let wrong = ServerStreamMethod<Text, Text>(path: TestMethods.echo.path)
        for try await _ in try await client.serverStream(wrong, Text()) {}
      }
    }
  }

  @Test("a draining server finishes unary calls and ends streams", arguments: Carrier.allCases)
  func drain(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let stream = try await client.serverStream(TestMethods.tail, Text())
      async let slow = client.unary(TestMethods.wait, Text(service: "kept"))
      await served.probe.gate.arrivals(2)
      served.drain()
      _ = await failure(.unavailable) { () throws(RPCError) in
        for try await _ in stream {}
      }
      served.probe.gate.open()
      #expect(try await slow.service == "kept")
      let error = await failure(.unavailable) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text())
      }
      #expect(error.unprocessed)
    }
  }

  @Test("drain stops what is still running after its time", arguments: Carrier.allCases)
  func drainDeadline(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      async let slow = failure(.unavailable) { () throws(RPCError) in
        try await client.unary(TestMethods.wait, Text())
      }
      await served.probe.gate.arrivals(1)
      served.drain(within: .milliseconds(20))
      _ = await slow
      try await served.probe.cancelled.wait()
    }
  }

  @Test(
    "no call is lost or repeated when connections go away under load", arguments: Carrier.allCases)
  func goAway(_ carrier: Carrier) async throws {
    var limits = ServerLimits()
    limits.idleTimeout = .milliseconds(20)
    try await withServer(carrier, limits: limits) { (served) async throws in
      let client = served.client { $0.limits.connectionsMax = 2 }
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for worker in 0..<8 {
          tasks.addTask {
            for number in 0..<100 {
              let text = Text(service: "\(worker)/\(number)")
              // However often a starved machine lets a connection go idle before its turn.
              var options = CallOptions(timeout: .seconds(300))
              options.waitsForServer = true
              #expect(
                try await client.unary(TestMethods.echo, text, options: options) == text)
              // Long enough for the connection to be idle, so that it goes away.
              if number % 25 == 0 { try await Task.sleep(for: .milliseconds(30)) }
            }
          }
        }
        try await tasks.waitForAll()
      }
      #expect(served.probe.contexts.withLock { $0.count } == 800)
    }
  }
}
