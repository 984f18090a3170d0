import ArgumentParser
import Messages
import Transport

/// What runs on a node.
struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "What runs on a node, and how busy it is.")
  @OptionGroup var options: ClientOptions

  func run() async throws {
    try await options.withClient(as: .cliOperator) { client in
      let answer = try await client.call(AdminServiceMethods.getNode, GetNodeRequest())
      try options.print(answer, text: Render.node)
    }
  }
}

/// What waits for somebody.
struct WaitingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waiting",
    abstract: "What waits for a store, a rider, a customer or the provider, and what comes of it.")
  @OptionGroup var options: ClientOptions
  @Option(help: "Of one service alone.") var service = ""
  @Option(help: "Of one kind alone, such as storeSilent.") var kind = ""
  @Option(help: "How many at most.") var limit: UInt32 = 50
  @Flag(help: "Only what should have happened already.") var overdue = false

  func run() async throws {
    try await options.withClient(as: .cliOperator) { client in
      let answer = try await client.call(
        AdminServiceMethods.listWaiting,
        ListWaitingRequest(service: service, kind: kind, limit: limit, overdue: overdue))
      try options.print(answer) { Render.waiting($0, now: Show.now()) }
    }
  }
}
