import Dispatch
import SimulatedWorld
import Synchronization
import Testing

/// Whole worlds from their seeds. The full run is `make simulate`.
@Suite struct SimulationTests {
  /// 1,000 seeds, a hundred a test case; the cores share them.
  @Test(arguments: 0..<UInt64(10))
  func nothingIsBroken(_ hundred: UInt64) {
    let outcomes = Outcomes()
    DispatchQueue.concurrentPerform(iterations: 100) { index in
      outcomes.add(Simulation.run(seed: hundred * 100 + UInt64(index) + 1))
    }
    let (orders, failures) = outcomes.all
    #expect(orders > 100, "too little happens to show anything")
    for failure in failures { Issue.record("\(failure)") }
  }

  private final class Outcomes: Sendable {
    private let state = Mutex<(orders: Int, failures: [String])>((0, []))

    var all: (orders: Int, failures: [String]) { state.withLock { $0 } }

    func add(_ outcome: Simulation.Outcome) {
      state.withLock { state in
        state.orders += outcome.orders
        if !outcome.violations.isEmpty { state.failures.append(outcome.report) }
      }
    }
  }

  /// A seed is a whole run: the same steps in the same order, however often.
  @Test(arguments: [3, 77, 150, 445] as [UInt64])
  func aSeedIsARun(_ seed: UInt64) {
    let first = Simulation.run(seed: seed)
    let second = Simulation.run(seed: seed)
    #expect(first.hash == second.hash)
    #expect(first.steps == second.steps)
    #expect(first.trace == second.trace)
    #expect(Simulation.run(seed: seed + 1).hash != first.hash)
  }

  /// In another process, where every dictionary has another order, it is the same run.
  @Test func aSeedIsARunInEveryProcess() throws {
    for seed in [3, 445] as [UInt64] {
      let here = Simulation.run(seed: seed, notesMax: 0)
      for environment in [[:], ["SWIFT_DETERMINISTIC_HASHING": "1"]] {
        let there = try Simulator.run(["\(seed)"], environment: environment)
        #expect(there.contains("hash \(String(here.hash, radix: 16))\n"), "\(there.suffix(400))")
      }
    }
  }
}

/// Every promise can be seen to be broken: a test that cannot fail shows nothing.
@Suite struct PlantTests {
  private static let expected: [Plant: Set<Violation.Kind>] = [
    .doubleCharge: [.capturedTwice],
    .lostRefund: [.ledger],
    .acknowledgedBeforeFlush: [.acknowledgedLost],
    .leakedPermit: [.permits],
    .skippedVersion: [.journal],
    .forgottenDeadline: [.deadline],
    .droppedEvent: [.money],
    .storeToldTooEarly: [.storeToldTooEarly],
    .droppedStep: [.dashboard],
    .assumedQuestion: [.cancelledUnasked],
    .unheardDelivery: [.cancelledThoughDelivered],
  ]

  @Test(arguments: Plant.allCases)
  func isFound(_ plant: Plant) throws {
    let kinds = try #require(Self.expected[plant])
    var seen: Set<Violation.Kind> = []
    for seed in 1...UInt64(2000) where seen.isDisjoint(with: kinds) {
      seen.formUnion(Simulation.run(seed: seed, plant: plant).violations.map(\.kind))
    }
    #expect(
      !seen.isDisjoint(with: kinds), "\(plant) shows only as \(seen.map(\.rawValue).sorted())")
  }
}
