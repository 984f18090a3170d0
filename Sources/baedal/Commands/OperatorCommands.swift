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

/// Events that were set aside.
struct ParkedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked", abstract: "Events that were set aside because they could not be taken.",
    subcommands: [List.self, Replay.self, Discard.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Which ones.")
    @OptionGroup var options: ClientOptions
    @Option(help: "Of one service alone.") var service = ""
    @Option(help: "How many at most.") var limit: UInt32 = 50

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          AdminServiceMethods.listParked, ListParkedRequest(service: service, limit: limit))
        try options.print(answer, text: Render.parked)
      }
    }
  }

  /// Names one event, as `parked list` shows it.
  struct EventArguments: ParsableArguments {
    @OptionGroup var options: ClientOptions
    @Argument var service: String
    @Argument var subscriber: String
    @Argument var partition: UInt32
    @Argument var position: Int64

    func call(
      _ method: UnaryMethod<ParkedEventRequest, ParkedEventResponse>, _ done: String
    ) async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          method,
          ParkedEventRequest(
            service: service, subscriber: subscriber, partition: partition, position: position))
        try options.print(answer) { "\($0.events) event\($0.events == 1 ? "" : "s") \(done)" }
      }
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try an event, and what waits behind it, again.")
    @OptionGroup var event: EventArguments

    func run() async throws { try await event.call(AdminServiceMethods.replayParked, "replayed") }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up on an event; what waits behind it goes on.")
    @OptionGroup var event: EventArguments

    func run() async throws { try await event.call(AdminServiceMethods.discardParked, "discarded") }
  }
}
