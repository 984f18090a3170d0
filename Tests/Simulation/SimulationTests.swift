import SimulatedWorld
import Testing

@Suite struct SimulationTests {
  @Test func seeds() {
    for seed in 1...UInt64(10) {
      let outcome = Simulation.run(seed: seed)
      #expect(outcome.violations.isEmpty, "\(outcome.report)")
    }
  }
}
