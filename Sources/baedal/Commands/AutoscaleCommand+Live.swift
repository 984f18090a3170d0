import ArgumentParser
import Messages
import Transport

extension AutoscaleCommand {
  /// Why a pool of a running node has the replicas it has.
  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Why a pool of a node has the replicas it has: its latest decisions.")
    @OptionGroup var options: ClientOptions
    @Option(help: "How many decisions at most, up to 1000.") var limit: UInt32 = 10
    @Argument(help: "The pool, such as payment; all when none is named.") var service = ""

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          SignalsServiceMethods.explainScaling,
          ExplainScalingRequest(service: service, limit: limit))
        try options.print(answer, text: Render.scaling)
      }
    }
  }

  /// Decisions as they are taken.
  struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decisions about a node's pools as they are taken, until interrupted.")
    @OptionGroup var options: ClientOptions
    @Flag(help: "Also those that change nothing.") var all = false
    @Argument(help: "The pool, such as payment; all when none is named.") var service = ""

    /// More decisions than all pools take between two looks.
    private static let limit: UInt32 = 200

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let clock = ContinuousClock()
        let end = client.streamTimeout.map { clock.now + $0 }
        // What was decided before is for `explain`.
        var seen = try await latest(client).first?.atMs ?? 0
        while true {
          let next = clock.now + .milliseconds(500)
          try await clock.sleep(until: min(next, end ?? next))
          if let end, clock.now >= end {
            throw RPCError(code: .deadlineExceeded, message: "the deadline passed")
          }
          let decisions = try await latest(client).filter { $0.atMs > seen }
          seen = decisions.first?.atMs ?? seen
          for decision in decisions.reversed() where all || decision.current != decision.desired {
            try options.print(decision, text: Render.decision)
          }
        }
      }
    }

    private func latest(_ client: Client) async throws -> [ScalingDecision] {
      try await client.call(
        SignalsServiceMethods.explainScaling,
        ExplainScalingRequest(service: service, limit: Self.limit)
      ).decisions
    }
  }
}
