import ArgumentParser
import Resilience

extension AutoscaleScenario.Kind: ExpressibleByArgument {}

extension AutoscaleCommand {
  struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Play a load to a service and its autoscaler, in virtual time.",
      discussion: """
        A service whose replicas take ten commands at once, of 100 ms each, is aimed at 70 %. Load,
        noise, bounds and what goes wrong follow from scenario and seed; the same seed gives the
        same run. Settling is the time from the step until nothing waits longer than 100 ms.

          baedal autoscale simulate --scenario step --seed 7 --timeline
        """)

    @Option(help: "Which load and which trouble; all of them unless given.")
    var scenario: AutoscaleScenario.Kind?
    @Option(help: "What the scenario's figures follow from.") var seed: UInt64 = 1
    @Option(help: "So many runs of each scenario, with this seed and those after it.")
    var runs = 1
    @Flag(help: "Every decision, and why; for one scenario.") var timeline = false
    @Flag(help: "As JSON, for programs; with every decision.") var json = false

    func validate() throws {
      guard (1...10_000).contains(runs) else {
        throw ValidationError("--runs \(runs) is not between 1 and 10000")
      }
      guard !timeline || (scenario != nil && runs == 1) else {
        throw ValidationError("--timeline is for one --scenario and one run")
      }
    }

    func run() throws {
      let kinds = scenario.map { [$0] } ?? AutoscaleScenario.Kind.allCases
      var reports: [SimulationReport] = []
      for kind in kinds {
        for offset in 0..<UInt64(runs) {
          reports.append(try report(kind, seed: seed &+ offset))
        }
      }
      if json {
        print(try JSONText.of(reports))
        return
      }
      if timeline, let only = reports.first { print(Render.timeline(only), terminator: "\n\n") }
      print(Render.simulations(reports))
    }

    private func report(
      _ kind: AutoscaleScenario.Kind, seed: UInt64
    ) throws -> SimulationReport {
      do throws(PolicyError) {
        return try AutoscaleSimulation.run(AutoscaleScenario(kind, seed: seed))
      } catch {
        throw Failure(line: "\(kind.rawValue): \(error)", status: .usage)
      }
    }
  }
}
