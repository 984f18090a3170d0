import Testing

extension SystemTests {
  /// BAEDAL_NODE_KILLS says how many nodes are killed in each; BAEDAL_CRASH_SEED starts their
  /// generators of chance.
  @Suite("Nodes with one service each, any of which is killed again and again")
  struct NodeCrashTests {
    private static func kills(otherwise count: Int) -> Int {
      environmentNumber("BAEDAL_NODE_KILLS") ?? count
    }

    @Test("lose nothing, do nothing twice, and only order's and payment's own interrupt ordering")
    func killed() async throws {
      let run = try NodeCrashRun(kills: Self.kills(otherwise: 8), seed: CrashTests.seed &+ 4000)
      try await run.run()
      print(run.report)
    }

    @Test("also when payment answers late, with no, or not at all, falls ill and is well again")
    func killedWithFaultyPayment() async throws {
      let run = try NodeCrashRun(
        kills: Self.kills(otherwise: 5), seed: CrashTests.seed &+ 5000, hasFaults: true)
      try await run.run()
      print(run.report)
    }
  }
}
