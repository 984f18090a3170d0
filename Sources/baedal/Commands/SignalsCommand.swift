import ArgumentParser
import Messages
import Transport

/// How busy a node is.
struct SignalsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signals",
    abstract: "How busy a node is: pools, dependencies, subscriptions, journals, event loops.",
    discussion: "These are what autoscalers decide from. A dash is what is not known.")
  @OptionGroup var options: ClientOptions
  @Option(help: "The pool of one service alone, such as payment.") var service = ""
  @Flag(help: "Again and again, until interrupted.") var watch = false
  @Option(help: "How often with --watch, in milliseconds; at least 100.") var intervalMs: UInt32 =
    1000

  func run() async throws {
    try await options.withClient(as: .cliOperator) { client in
      guard watch else {
        let answer = try await client.call(
          SignalsServiceMethods.getSignals, GetSignalsRequest(service: service))
        return try options.print(answer, text: text)
      }
      let stream = try await client.stream(
        SignalsServiceMethods.watchSignals,
        WatchSignalsRequest(service: service, intervalMs: intervalMs))
      for try await signals in stream {
        try options.print(signals) { text($0) + "\n" }
      }
    }
  }

  private func text(_ signals: NodeSignals) -> String {
    Render.signals(signals, isWhole: service.isEmpty)
  }
}
