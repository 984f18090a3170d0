import Messages
import Synchronization
import Testing

@testable import Transport

/// Three real servers, of which one goes wrong.
@Suite("Several replicas")
struct BalancedClientTests {
  @Test("calls with a key stay with one replica each, and all replicas have some")
  func sticky() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      var homes: [String: Set<String>] = [:]
      for _ in 0..<4 {
        for key in 0..<60 {
          homes["\(key)", default: []].insert(try await fleet.call("\(key)"))
        }
      }
      #expect(homes.values.allSatisfy { $0.count == 1 })
      let shares = fleet.servers.map { server in
        homes.values.count { $0.contains(server.name) }
      }
      #expect(shares.allSatisfy { $0 >= 8 }, "\(shares) of 60 keys")
    }
  }

  @Test("a replica that is drained under load costs no call, and nothing is done twice")
  func drained() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      let results = try await fleet.load(200) { await fleet.servers[1].drain() }
      for (id, result) in results {
        if case .failure(let error) = result { Issue.record("\(id): \(error)") }
      }
      #expect(fleet.begun.count == 1600 && fleet.begun.values.allSatisfy { $0 == 1 })
      try await fleet.untilReady(2, of: 3)
      #expect(try await fleet.call("after") != "server-1")
    }
  }

  @Test("when one is killed only what it had in hand fails, and none of that is sent again")
  func killed() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      let results = try await fleet.load(200) { try await fleet.servers[1].kill() }
      let failed = results.filter { if case .failure = $0.result { true } else { false } }
      // Each of the eight callers has one call under way.
      #expect(failed.count <= 8, "\(failed)")
      let begun = fleet.begun
      #expect(begun.values.allSatisfy { $0 == 1 }, "begun twice")
      for (id, result) in results {
        if case .success = result { #expect(begun[id] == 1) }
      }
      try await fleet.untilReady(2, of: 3)
    }
  }

  @Test("a call that may have been processed fails rather than being sent again")
  func inDoubt() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      let home = try await fleet.call("k")
      let server = try #require(fleet.servers.first { $0.name == home })
      server.mood.withLock { $0 = .slow }
      let answer = Task { try await fleet.call("k") }
      await server.gate.arrivals(1)
      try await server.kill()
      let error = await failure(.unavailable) { () async throws(RPCError) in
        do { return try await answer.value } catch { throw RPCError(wrapping: error) }
      }
      #expect(!error.unprocessed)
      // The first call and the one in doubt, both at its home; then a third one, elsewhere.
      #expect(fleet.begun["k"] == 2)
      #expect(try await fleet.call("k") != home)
    }
  }

  @Test("one that is slow gets few calls, and is left out once deadlines pass there")
  func slow() async throws {
    var policy = BalancePolicy()
    policy.patience = .milliseconds(20)
    try await withFleet(keyed: false, policy: policy) { fleet in
      try await fleet.untilReady(3, of: 3)
      fleet.servers[0].mood.withLock { $0 = .slow }
      let answered = await withTaskGroup(of: Bool.self) { group in
        for caller in 0..<8 {
          group.addTask {
            var answered = 0
            for number in 0..<50 {
              let id = "\(caller)-\(number)"
              if (try? await fleet.call(id, timeout: .seconds(2))) != nil { answered += 1 }
            }
            return answered >= 40
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(answered == 8)
      let slow = fleet.servers[0].begun.withLock { $0.count }
      #expect(slow < 60, "\(slow) of 400 calls went to the slow one")
    }
    policy = BalancePolicy()
    policy.consecutiveFailures = 2
    try await withFleet(keyed: true, policy: policy) { fleet in
      try await fleet.untilReady(3, of: 3)
      let home = try await fleet.call("k")
      let server = try #require(fleet.servers.first { $0.name == home })
      server.mood.withLock { $0 = .slow }
      for _ in 0..<2 {
        _ = await failure(.deadlineExceeded) { () async throws(RPCError) in
          try await fleet.call("k", timeout: .seconds(2))
        }
      }
      #expect(try await fleet.call("k") != home)
    }
  }

  @Test("callers who give a replica no time do not have it left out for the others")
  func hurried() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      let home = try await fleet.call("k")
      let server = try #require(fleet.servers.first { $0.name == home })
      server.mood.withLock { $0 = .slow }
      for _ in 0..<10 {
        _ = await failure(.deadlineExceeded) { () async throws(RPCError) in
          try await fleet.call("k", timeout: .milliseconds(10))
        }
      }
      server.mood.withLock { $0 = .well }
      #expect(try await fleet.call("k") == home)
    }
  }

  @Test("one that refuses costs no call, and is soon left alone")
  func refusing() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      fleet.servers[2].mood.withLock { $0 = .refusing }
      for key in 0..<100 {
        #expect(try await fleet.call("\(key)") != "server-2")
      }
      #expect(fleet.begun.count == 100)
    }
  }

  @Test("where all refuse, the budget bounds how often that is tried again")
  func storm() async throws {
    var policy = BalancePolicy()
    policy.retryPercent = 0
    try await withFleet(keyed: false, policy: policy) { fleet in
      for server in fleet.servers { server.mood.withLock { $0 = .refusing } }
      let error = await failure(.unavailable) { () async throws(RPCError) in
        try await fleet.call("x", timeout: .seconds(30))
      }
      #expect(error.message == "not now" && error.unprocessed)
      let asked = fleet.servers.reduce(0) { sum, server in sum + server.refused.withLock { $0 } }
      #expect(asked == 1)
    }
  }

  @Test("a replica whose health says that it does not serve gets nothing until it does")
  func unhealthy() async throws {
    try await withFleet(keyed: true) { fleet in
      try await fleet.untilReady(3, of: 3)
      let home = try await fleet.call("k")
      let server = try #require(fleet.servers.first { $0.name == home })
      server.health.set("test.Service", .notServing)
      try await fleet.untilReady(2, of: 3)
      #expect(try await fleet.call("k") != home)
      server.health.set("test.Service", .serving)
      try await fleet.untilReady(3, of: 3)
      #expect(try await fleet.call("k") == home)
    }
  }

  @Test(
    "a replica that has no room for one more who watches its health is called all the same",
    .timeLimit(.minutes(1)))
  func crowdedHealth() async throws {
    let servers = [
      FleetServer(name: "server-0", health: HealthRegistry(watchersMax: 0)),
      FleetServer(name: "server-1"),
    ]
    var addresses: [ReplicaAddress] = []
    for server in servers { addresses.append(try await server.start()) }
    var policy = BalancePolicy()
    policy.watchPause = .milliseconds(1)
    try await withFleet(servers, at: addresses, keyed: true, policy: policy) { fleet in
      func readiness(_ number: Int) -> ReplicaTable.Readiness? {
        fleet.client.state.withLock { state in
          state.table.replicas.first { $0.address == addresses[number] }?.readiness
        }
      }
      servers[1].health.set("test.Service", .notServing)
      // Who is refused the second time has taken in that it was refused before.
      while servers[0].crowded.withLock({ $0 }) < 2 || readiness(1) != .notReady {
        try await Task.sleep(for: .milliseconds(2))
      }
      #expect(readiness(0) == .unknown)
      for key in 0..<20 { #expect(try await fleet.call("\(key)") == "server-0") }
    }
  }

  @Test("a name that comes to stand for others moves calls, and those under way finish")
  func names() async throws {
    let servers = (0..<3).map { FleetServer(name: "server-\($0)") }
    let port = try await servers[0].start(host: "127.0.0.1").port
    _ = try await servers[1].start(host: "127.0.0.2", port: port)
    _ = try await servers[2].start(host: "127.0.0.3", port: port)
    let hosts = Mutex(["127.0.0.1"])
    var policy = BalancePolicy()
    policy.resolveInterval = .milliseconds(20)
    policy.resolvePause = .milliseconds(1)
    try await withFleet(
      servers, at: [ReplicaAddress(host: "replicas.test", port: port)], keyed: true,
      policy: policy,
      resolver: AddressResolver { host in
        #expect(host == "replicas.test")
        let hosts = hosts.withLock { $0 }
        guard !hosts.isEmpty else {
          throw RPCError(code: .unavailable, message: "no such name")
        }
        return hosts
      }
    ) { fleet in
      try await fleet.untilReady(1, of: 1)
      #expect(try await fleet.call("a") == "server-0")
      servers[0].mood.withLock { $0 = .slow }
      async let held = fleet.call("held")
      await servers[0].gate.arrivals(1)
      hosts.withLock { $0 = ["127.0.0.2", "127.0.0.3"] }
      try await fleet.untilReady(2, of: 2)
      for key in 0..<20 { #expect(try await fleet.call("\(key)") != "server-0") }
      // A look-up that fails changes nothing.
      hosts.withLock { $0 = [] }
      #expect(try await fleet.call("b") != "server-0")
      servers[0].gate.open()
      #expect(try await held == "server-0")
      try await fleet.untilReady(2, of: 2)
    }
  }
}
