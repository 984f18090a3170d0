import Dispatch
import Services
import SimulatedWorld
import Synchronization
import Testing

@Suite("Pools of replicas, in virtual time")
struct PoolTests {
  /// 1,000 seeds, a hundred a test case.
  @Test(
    "resizing loses no command, keeps the order of every aggregate and gives it one at a time",
    arguments: 0..<UInt64(10))
  func resizing(_ hundred: UInt64) {
    let outcomes = Mutex<[PoolCourse.Outcome]>([])
    DispatchQueue.concurrentPerform(iterations: 100) { index in
      let outcome = PoolCourse.run(seed: hundred * 100 + UInt64(index) + 1)
      outcomes.withLock { $0.append(outcome) }
    }
    let all = outcomes.withLock { $0 }
    for outcome in all where !outcome.problems.isEmpty {
      Issue.record("seed \(outcome.seed): \(outcome.problems.prefix(5))")
    }
    // Enough has to happen to show anything.
    #expect(all.reduce(0) { $0 + $1.committed } > 8_000)
    #expect(all.reduce(0) { $0 + $1.refused } > 100)
    #expect(all.reduce(0) { $0 + $1.resizes } > 1_000)
  }

  @Test("replicas that do not share their turns are found out")
  func plant() {
    let found = (1...UInt64(20)).contains { seed in
      !PoolCourse.run(seed: seed, sharesMemory: false).problems.isEmpty
    }
    #expect(found)
  }

  @Test("a seed is a course", arguments: [1, 2, 3] as [UInt64])
  func seeds(_ seed: UInt64) {
    #expect(PoolCourse.run(seed: seed).hash == PoolCourse.run(seed: seed).hash)
    #expect(PoolCourse.run(seed: seed).hash != PoolCourse.run(seed: seed + 1).hash)
  }

  private static let step = LoadCourse.Plan([
    (20, .seconds(20)), (200, .seconds(60)), (20, .seconds(90)),
  ])

  @Test("ten times the load is carried within two evaluations, and nobody waits longer then")
  func followsAStep() throws {
    for seed in 1...UInt64(5) {
      let run = try LoadCourse.run(Self.step, seed: seed)
      let (begin, end) = (Duration.seconds(20), Duration.seconds(80))
      let settled = begin + Self.step.evaluation * 2
      // 200 a second, each 200 ms: 40 at once, of 4 a replica.
      let late = run.points.filter { $0.at >= settled && $0.at < end && $0.replicas < 10 }
      #expect(late.isEmpty, "seed \(seed): \(late.first.map { "\($0)" } ?? "")")
      let waits = run.waits.filter { $0.at >= settled }
      let worst = waits.map(\.wait).max() ?? .zero
      #expect(worst <= Self.step.waitTarget, "seed \(seed): \(worst)")
      let shedLate = run.points.filter { $0.at >= settled }.map(\.shed)
      #expect(Set(shedLate).count == 1, "seed \(seed): sheds go on")
      #expect(run.points.allSatisfy { (1...16).contains($0.replicas) })
      #expect(run.turns <= 1, "seed \(seed): \(run.turns) turns")
      let last = try #require(run.points.last)
      #expect(last.replicas <= 3, "seed \(seed): \(last.replicas) replicas are left")
    }
  }

  @Test("a pool that follows carries what the largest would, for less")
  func costsLess() throws {
    var fixed = Self.step
    fixed.minimum = fixed.maximum
    let following = try LoadCourse.run(Self.step, seed: 1)
    let largest = try LoadCourse.run(fixed, seed: 1)
    #expect(Double(following.completed) >= 0.98 * Double(largest.completed))
    #expect(following.replicaSeconds <= 0.6 * largest.replicaSeconds)
  }

  @Test("far beyond the most it can do, it does as much as at its best, and the rest hears at once")
  func overload() throws {
    let plan = LoadCourse.Plan([(320, .seconds(20)), (1_280, .seconds(30))])
    let run = try LoadCourse.run(plan, seed: 1)
    func begun(from: Int, to: Int) -> Double {
      let count = run.waits.count {
        $0.at + $0.wait >= .seconds(from) && $0.at + $0.wait < .seconds(to)
      }
      return Double(count) / Double(to - from)
    }
    let (plateau, over) = (begun(from: 5, to: 20), begun(from: 25, to: 50))
    #expect(plateau >= 0.9 * 320, "\(plateau) a second")
    #expect(over >= 0.95 * plateau, "\(over) of \(plateau) a second")
    let waits = run.waits.filter { $0.at >= .seconds(25) }.map(\.wait).sorted()
    #expect(waits[waits.count * 99 / 100] <= plan.waitTarget * 2)
    #expect(run.turns == 0)

    // What the pool says of it is what they waited, within a bucket and the second that runs.
    let said = try #require(run.points.last { $0.at < .seconds(50) }?.queueWait)
    let lately = run.waits.filter { (.seconds(45)..<(.seconds(50))).contains($0.at + $0.wait) }
      .map(\.wait).sorted()
    for (said, percent) in [(said.p50, 50), (said.p95, 95), (said.p99, 99)] {
      let exact = lately[lately.count * percent / 100]
      #expect(abs(said / exact - 1) < 0.1, "p\(percent): \(said) instead of \(exact)")
    }
  }
}
