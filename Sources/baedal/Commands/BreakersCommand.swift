import ArgumentParser
import Resilience

/// Circuit breakers: those of a node, and what a policy would have done.
struct BreakersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "breakers",
    abstract: "See and steer a node's circuit breakers, or try a policy on what happened.",
    subcommands: [
      List.self, ForceOpen.self, ForceClosed.self, Disable.self, Reset.self, Policy.self,
      Replay.self,
    ], defaultSubcommand: List.self)

  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Play a trace of calls to a policy, and print every decision and state.",
      discussion: """
        A trace is a JSON file with a policy and what happened when:

          {"policy": {"window": {"calls": 10}, "minimum_calls": 5, "failure_rate": 0.5,
                      "open_wait": {"initial_ms": 5000, "jitter": 0}, "probes": 2},
           "inputs": [{"at_ms": 0, "call": "failure", "times": 5},
                      {"at_ms": 3000, "call": "success", "took_ms": 20},
                      {"at_ms": 6000, "command": "force open"}]}

        A call ends as success, failure, ignored, dropped or never; a window is either "calls" or
        "length_ms" and "buckets". Where an input says what to "expect" (decision, state,
        failure_rate), it is held to that; the exit code is \(ExitStatus.violations.rawValue) if
        something comes out otherwise.
        """)

    @Flag(help: "As JSON, for programs.") var json = false
    @Argument(help: "The trace.") var file: String

    func run() throws {
      let trace = try PolicyFile.load(BreakerTrace.self, file)
      let replay: BreakerReplay
      do throws(PolicyError) {
        replay = try BreakerReplay(trace)
      } catch {
        throw Failure(line: "\(file): \(error)", status: .usage)
      }
      if json {
        print(try JSONText.of(ReplayReport(replay, trace)))
      } else {
        print(Render.replay(replay, trace))
      }
      for difference in replay.differences { Terminal.complain("\(file): \(difference)") }
      if !replay.differences.isEmpty { throw ExitStatus.violations.code }
    }
  }
}
