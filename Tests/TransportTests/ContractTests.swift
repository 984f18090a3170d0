import Messages
import Synchronization
import Testing

@testable import Transport

/// What every transport must do, whatever carries the bytes.
@Suite("The transport contract", .timeLimit(.minutes(1)))
struct ContractTests {
  @Test("a unary call is answered", arguments: Carrier.allCases)
  func unary(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      for text in ["", "a", "주문", String(repeating: "x", count: 300_000)] {
        #expect(try await client.unary(TestMethods.echo, Text(service: text)).service == text)
      }
    }
  }

  @Test("answers come in any order", arguments: Carrier.allCases)
  func outOfOrder(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      async let slow = client.unary(TestMethods.wait, Text(service: "slow"))
      await served.probe.gate.arrivals(1)
      #expect(try await client.unary(TestMethods.echo, Text(service: "fast")).service == "fast")
      served.probe.gate.open()
      #expect(try await slow.service == "slow")
    }
  }

  @Test("many calls at once each get their own answer", arguments: Carrier.allCases)
  func concurrent(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let wrong = try await withThrowingTaskGroup(of: Bool.self) { tasks in
        for number in 0..<500 {
          tasks.addTask {
            let answer = try await client.unary(TestMethods.echo, Text(service: "\(number)"))
            return answer.service != "\(number)"
          }
        }
        return try await tasks.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(wrong == 0)
    }
  }

  @Test(
    "a handler knows the caller, its metadata, trace and time left", arguments: Carrier.allCases)
  func context(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client {
        $0.credentials = ClientCredentials(principal: Principal(role: "customer", id: "c-1"))
      }
      var options = CallOptions(timeout: .seconds(3600), metadata: ["x-key": "값"])
      options.metadata.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      _ = try await client.unary(TestMethods.echo, Text(), options: options)
      let context = try #require(served.probe.contexts.withLock { $0.first })
      #expect(context.principal == Principal(role: "customer", id: "c-1"))
      #expect(context.peer.node == "tester")
      #expect(context.metadata["x-key"] == "값")
      #expect(context.traceparent == options.metadata.traceparent)
      #expect(context.method == TestMethods.echo.path)
      let left = try #require(context.remainingTime)
      #expect(left <= .seconds(3600) && left > .seconds(5))
    }
  }

  @Test("a failure travels whole: code, message, details, retry-after", arguments: Carrier.allCases)
  func statusDetails(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let error = await failure(.failedPrecondition) { () throws(RPCError) in
        try await client.unary(TestMethods.fail, Text())
      }
      #expect(error.message == "the price changed: 값이 바뀌었습니다")
      #expect(error.details == [ErrorDetail(typeURL: "test.Detail", bytes: [1, 0, 2])])
      #expect(error.retryAfter == .milliseconds(1500))
      #expect(!error.unprocessed)
    }
  }

  @Test(
    "an unknown method is UNIMPLEMENTED, a bad payload INVALID_ARGUMENT",
    arguments: Carrier.allCases)
  func unimplemented(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      let error = await failure(.unimplemented) { () throws(RPCError) in
        try await client.unary(TestMethods.missing, Text())
      }
      #expect(error.unprocessed)
      _ = await failure(.invalidArgument) { () throws(RPCError) in
        try await client.unary(TestMethods.echo.path, [0x0A, 0xFF])
      }
      // A wrong wire type: the string field as a varint.
      _ = await failure(.invalidArgument) { () throws(RPCError) in
        try await client.unary(TestMethods.echo.path, [0x08, 0x01])
      }
      _ = try await client.unary(TestMethods.echo, Text())
    }
  }

  @Test("no handler sees a call that the authorizer refuses", arguments: Carrier.allCases)
  func authorize(_ carrier: Carrier) async throws {
    try await withServer(carrier, authorize: Router.denyAll) { (served) async throws in
      let client = served.client()
      _ = await failure(.permissionDenied) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text())
      }
      #expect(served.probe.contexts.withLock { $0.isEmpty })
    }
  }

  @Test("a connection whose credentials are refused gets that error", arguments: Carrier.allCases)
  func authenticate(_ carrier: Carrier) async throws {
    let refuse: ServerConfiguration.Authenticate = { (_, _) throws(RPCError) in
      throw RPCError(code: .unauthenticated, message: "no token")
    }
    try await withServer(carrier, authenticate: refuse) { (served) async throws in
      let client = served.client()
      let error = await failure(.unauthenticated) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text())
      }
      #expect(error.message == "no token")
    }
  }

  @Test("calls wait until the proof has been looked into", arguments: Carrier.allCases)
  func verify(_ carrier: Carrier) async throws {
    let gate = Gate()
    let prove: ServerConfiguration.Verify = { (claim, _) async throws(RPCError) in
      try? await gate.wait()
      return Identity(Principal(role: "proved", id: String(decoding: claim.token, as: UTF8.self)))
    }
    try await withServer(carrier, verify: prove) { (served) async throws in
      let client = served.client { $0.credentials.token = Array("me".utf8) }
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for _ in 0..<20 {
          tasks.addTask { _ = try await client.unary(TestMethods.echo, Text()) }
        }
        await gate.arrivals(1)
        #expect(served.probe.contexts.withLock { $0.isEmpty })
        gate.open()
        try await tasks.waitForAll()
      }
      let callers = served.probe.contexts.withLock { $0.map(\.principal) }
      #expect(callers == Array(repeating: Principal(role: "proved", id: "me"), count: 20))
    }
  }

  @Test("callers share the connection whose proof is looked into", arguments: Carrier.allCases)
  func oneProof(_ carrier: Carrier) async throws {
    let gate = Gate()
    let connections = Mutex(0)
    let prove: ServerConfiguration.Verify = { (claim, _) async throws(RPCError) in
      connections.withLock { $0 += 1 }
      try? await gate.wait()
      return Identity(claim.principal)
    }
    var limits = ServerLimits()
    limits.helloTimeout = .seconds(60)
    try await withServer(carrier, limits: limits, verify: prove) { (served) async throws in
      let client = served.client { $0.limits.connectTimeout = .seconds(60) }
      _ = await failure(.deadlineExceeded) { () throws(RPCError) in
        try await client.unary(
          TestMethods.echo, Text(), options: CallOptions(timeout: .milliseconds(30)))
      }
      async let first = client.transport.session(until: .distantFuture).isOpen
      async let second = client.transport.session(until: .distantFuture).isOpen
      await gate.arrivals(1)
      gate.open()
      #expect(try await first)
      #expect(try await second)
      #expect(connections.withLock { $0 } == 1)
    }
  }

  @Test("a proof that does not hold refuses the connection", arguments: Carrier.allCases)
  func disproved(_ carrier: Carrier) async throws {
    let refuse: ServerConfiguration.Verify = { (_, _) async throws(RPCError) in
      await Task.yield()
      throw RPCError(code: .unauthenticated, message: "no")
    }
    try await withServer(carrier, verify: refuse) { (served) async throws in
      let client = served.client()
      let error = await failure(.unauthenticated) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text())
      }
      #expect(error.message == "no")
      #expect(served.probe.contexts.withLock { $0.isEmpty })
    }
  }

  @Test("cancelling the task cancels the handler", arguments: Carrier.allCases)
  func cancel(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          _ = await failure(.cancelled) { () throws(RPCError) in
            try await client.unary(TestMethods.wait, Text())
          }
        }
        await served.probe.gate.arrivals(1)
        tasks.cancelAll()
      }
      try await served.probe.cancelled.wait()
      _ = try await client.unary(TestMethods.echo, Text())
    }
  }

  @Test(
    "who asks a client that goes away for a connection may ask another one",
    arguments: Carrier.allCases)
  func closed(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      _ = try await client.unary(TestMethods.echo, Text())
      client.transport.drain()
      let error = await failure(.unavailable) { () async throws(RPCError) in
        _ = try await client.transport.session(until: .distantFuture)
      }
      #expect(error.unprocessed)
    }
  }

  @Test("a call ends at its deadline, on both sides", arguments: Carrier.allCases)
  func deadline(_ carrier: Carrier) async throws {
    try await withServer(carrier) { (served) async throws in
      let client = served.client()
      _ = await failure(.deadlineExceeded) { () throws(RPCError) in
        try await client.unary(
          TestMethods.wait, Text(), options: CallOptions(timeout: .milliseconds(30)))
      }
      // On a busy machine the time may be over before the handler began.
      if served.probe.gate.arrived > 0 { try await served.probe.cancelled.wait() }
      let error = await failure(.deadlineExceeded) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text(), options: CallOptions(timeout: .zero))
      }
      #expect(error.unprocessed)
    }
  }

  @Test("calls over the limit in flight are refused, unprocessed", arguments: Carrier.allCases)
  func callsInFlight(_ carrier: Carrier) async throws {
    var limits = ServerLimits()
    limits.connection.callsInFlightMax = 2
    try await withServer(carrier, limits: limits) { (served) async throws in
      let client = served.client()
      async let first = client.unary(TestMethods.wait, Text())
      async let second = client.unary(TestMethods.wait, Text())
      await served.probe.gate.arrivals(2)
      let error = await failure(.resourceExhausted) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, Text())
      }
      #expect(error.unprocessed)
      served.probe.gate.open()
      _ = try await (first, second)
      _ = try await client.unary(TestMethods.echo, Text())
    }
  }

  @Test(
    "first calls that come at once share as many connections as there may be",
    arguments: Carrier.allCases)
  func firstCalls(_ carrier: Carrier) async throws {
    let connections = Mutex(0)
    let count: ServerConfiguration.Authenticate = { (claim, _) throws(RPCError) in
      connections.withLock { $0 += 1 }
      return claim.principal
    }
    try await withServer(carrier, authenticate: count) { (served) async throws in
      for round in 1...20 {
        let client = served.client()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          for _ in 0..<16 {
            tasks.addTask { _ = try await client.unary(TestMethods.echo, Text()) }
          }
          try await tasks.waitForAll()
        }
        #expect(connections.withLock { $0 } == round)
        await client.transport.close()
      }
    }
  }

  @Test("a message over the frame limit fails alone", arguments: Carrier.allCases)
  func frameLimit(_ carrier: Carrier) async throws {
    var limits = ServerLimits()
    limits.connection.frameBytesMax = 10_000
    try await withServer(carrier, limits: limits) { (served) async throws in
      let client = served.client()
      let small = served.client { $0.limits.connection.frameBytesMax = 1000 }
      let long = Text(service: String(repeating: "x", count: 12_000))
      _ = await failure(.resourceExhausted) { () throws(RPCError) in
        try await client.unary(TestMethods.echo, long)
      }
      // The server may take it, the client would not take the answer.
      _ = await failure(.resourceExhausted) { () throws(RPCError) in
        try await small.unary(
          TestMethods.echo, Text(service: String(repeating: "x", count: 2000)))
      }
      _ = try await client.unary(TestMethods.echo, Text())
    }
  }
}
