import ArgumentParser
import Messages
import Transport

/// The read side.
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard", abstract: "The whole course of an order, and how fresh the view is.",
    subcommands: [Timeline.self, Lag.self, Rebuild.self])

  struct Timeline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "One order with every step it took, over all services.")
    @OptionGroup var options: ClientOptions
    @Argument var orderID: String
    @Option(help: "Wait until the view has this version of the order.") var atLeastVersion: Int64 =
      0

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          DashboardServiceMethods.getOrderTimeline,
          GetOrderTimelineRequest(orderID: orderID, atLeastVersion: atLeastVersion))
        try options.print(answer, text: Render.timeline)
      }
    }
  }

  struct Lag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How far the view is behind each journal it follows.")
    @OptionGroup var options: ClientOptions

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(DashboardServiceMethods.getLag, GetLagRequest())
        try options.print(answer, text: Render.lag)
      }
    }
  }
}
