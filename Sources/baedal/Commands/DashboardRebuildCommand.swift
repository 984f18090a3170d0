import ArgumentParser
import Messages
import Node
import Transport

extension DashboardCommand {
  /// Builds the view anew.
  struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Build the view anew from the journals.",
      discussion: """
        On a running node with --connect: the view in use answers until the new one takes its \
        place; interrupting leaves it as it was. Or in the files of a node that does not run, \
        with --data. With --json one message a line tells how far it is.
        """)

    @OptionGroup var options: ClientOptions
    @Option(help: ArgumentHelp("The data directory of a node that is stopped.", valueName: "dir"))
    var data: String?

    func run() async throws {
      let progress = Progress(isJSON: options.json)
      if let data {
        try await rebuildDashboard(data: data) { events, total in
          progress.show(RebuildDashboardUpdate(events: events, eventsTotal: total))
        }
        progress.finish()
        return
      }
      try await options.withClient(as: .cliOperator) { client in
        let updates = try await client.stream(
          AdminServiceMethods.rebuildDashboard, RebuildDashboardRequest())
        for try await update in updates {
          if update.done { progress.finish(update) } else { progress.show(update) }
        }
      }
    }
  }
}
