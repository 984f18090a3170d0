import ArgumentParser
import Resilience

/// The autoscaler: at work in a node, and its arithmetic held to facts and in a closed loop.
struct AutoscaleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "autoscale",
    abstract: "What the autoscaler does and why, and what it would do.",
    subcommands: [Explain.self, Watch.self, Evaluate.self, Simulate.self])

  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compute every row of a file, beside the result it expects.",
      discussion: """
        The file is JSON. Its rows are in "replicaCalculation" (a metric per pod), "external" (one
        value for all), "behavior" (policies and bounds), "stabilization" (windows) and
        "knativePodAutoscaler" (stable and panic window):

          {"replicaCalculation": [
            {"name": "what if", "currentReplicas": 3, "target": 30,
             "metric": "resource utilization, percent of a request of 1000",
             "pods": [{"usage": 300, "state": "ready"}, {"usage": 500, "state": "ready"},
                      {"usage": null, "state": "ready"}],
             "desiredReplicas": 3}]}

        A desiredReplicas of null expects the metric to be invalid. The exit code is \
        \(ExitStatus.violations.rawValue) if
        a row comes out otherwise.
        """)

    @Flag(help: "As JSON, for programs.") var json = false
    @Argument(help: "The file.") var file: String

    func run() throws {
      let oracle = try PolicyFile.load(AutoscaleOracle.self, file)
      if json {
        print(try JSONText.of(Report(oracle)))
      } else {
        print(Render.oracle(oracle))
      }
      for field in oracle.ignored {
        Terminal.complain("\(file): \(field): ignored, not known here")
      }
      guard oracle.differences.isEmpty else { throw ExitStatus.violations.code }
    }

    private struct Report: Encodable {
      let rows: [AutoscaleOracle.Row]
      let differences: Int
      let ignored: [String]

      init(_ oracle: AutoscaleOracle) {
        rows = oracle.rows
        differences = oracle.differences.count
        ignored = oracle.ignored
      }
    }
  }
}
