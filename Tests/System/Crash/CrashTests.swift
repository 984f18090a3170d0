import Messages
import Testing
import Transport

extension SystemTests {
  /// BAEDAL_CRASH_CYCLES says how often the node is killed in each of them; BAEDAL_CRASH_SEED
  /// starts their generators of chance.
  @Suite("A node that is killed again and again")
  struct CrashTests {
    static func cycles(otherwise count: Int) -> Int { number("CYCLES") ?? count }
    static var seed: UInt64 { UInt64(number("SEED") ?? 1) }

    private static func number(_ name: String) -> Int? {
      environmentNumber("BAEDAL_CRASH_\(name)")
    }

    @Test("loses nothing that it acknowledged, and does nothing twice")
    func killed() async throws {
      let run = try CrashRun(cycles: Self.cycles(otherwise: 20), seed: Self.seed)
      try await run.crash()
      try await run.check()
    }

    @Test("also when payment answers late, with no, or not at all, falls ill and is well again")
    func killedWithFaultyPayment() async throws {
      let run = try CrashRun(
        cycles: Self.cycles(otherwise: 8), seed: Self.seed &+ 1000,
        config: """
          payment:
            call_timeout_ms: 200
            simulator: {latency_ms: 20, decline_per_mille: 50, unknown_per_mille: 150}
            breaker: {open_wait_ms: 50, open_wait_max_s: 1, minimum_calls: 10}
            bulkhead: {concurrent: 12, queued: 4, queue_timeout_ms: 50}
            drain: {per_second: 1000, interval_ms: 20}
          """,
        hasFaults: true)
      try await run.crash()
      try await run.check()
    }
  }

  /// The same with a disk that forgets what was not synced.
  @Suite("A node whose power is cut again and again")
  struct PowerCutCrashTests {
    @Test("loses nothing that it acknowledged, and does nothing twice")
    func powerCut() async throws {
      let run = try CrashRun(
        disk: .forgetful, cycles: CrashTests.cycles(otherwise: 6), seed: CrashTests.seed &+ 2000,
        config: "journal: {vfs: powercut}")
      try await run.crash()
      try await run.check()
    }

    @Test("loses orders if it acknowledges before they are on disk: the test can fail")
    func plantedBug() async throws {
      for attempt in 0..<5 {
        let run = try CrashRun(
          disk: .forgetful, cycles: 1, seed: CrashTests.seed &+ 3000 &+ UInt64(attempt),
          config: "journal: {vfs: powercut, syncs_commits: 0}")
        try await run.crash()
        do {
          let node = try await run.site.start(run.config)
          defer { node.kill() }
          let town = Town(node)
          let losses = try await run.promises.losses(town)
          await town.close()
          if !losses.isEmpty { return }
        } catch let trouble as Trouble where trouble.description.contains("the node ended") {
          return  // What is left is so torn that it does not start.
        }
      }
      Issue.record("nothing was lost")
    }
  }
}
