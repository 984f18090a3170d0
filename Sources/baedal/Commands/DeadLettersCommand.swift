import ArgumentParser
import Messages
import Transport

/// Events that were set aside because they could not be handled, of all services.
struct DeadLettersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "Events that were set aside because they could not be handled, of all services.",
    discussion: """
      A service that cannot handle an event sets it aside, with everything later about the same
      order, and goes on with all others. Once the reason is mended the event is replayed; what will
      never be right is discarded. Any node may be asked: it asks the others. An event is called
      SUBSCRIBER/PARTITION/POSITION, as 'list' prints it. A view that cannot show an event notes that
      in the order's timeline instead; 'dashboard rebuild' takes it again.

      The exit code is \(ExitStatus.unreachable.rawValue) when a node could not be asked, whatever \
      the others said.
      """,
    subcommands: [List.self, ShowLetter.self, Replay.self, Discard.self],
    defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Which ones, and why.")
    @OptionGroup var options: ClientOptions
    @OptionGroup var filter: LetterFilter
    @Option(help: "How many on a page.") var limit: UInt32 = 50
    @Option(help: "Go on after the page before, which says how.") var page = ""
    @Flag(help: "Every page.") var all = false
    @Flag(help: "Those that were discarded, and who did it.") var discarded = false

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        var request = filter.request(limit: limit, page: page)
        request.discarded = discarded
        var unasked: [UnaskedNode] = []
        repeat {
          let answer = try await client.call(AdminServiceMethods.listParked, request)
          try options.print(answer) { Render.letters($0, isLast: all || $0.nextPage.isEmpty) }
          unasked.unite(with: answer.unasked)
          request.page = answer.nextPage
        } while all && !request.page.isEmpty
        try LetterFilter.complain(about: unasked)
      }
    }
  }

  struct ShowLetter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "What one of them says, and what waits behind it.")
    @OptionGroup var options: ClientOptions
    @Argument(help: "The event, as 'list' calls it.") var event: LetterName

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(AdminServiceMethods.getParked, event.request)
        try options.print(answer, text: Render.letter)
      }
    }
  }
}

/// Which of the events that were set aside.
struct LetterFilter: ParsableArguments {
  @Option(help: "Of one service alone.") var service = ""
  @Option(help: "Of one subscriber alone, such as store.order.") var subscriber = ""
  @Option(help: "Of one type alone, such as baedal.order.v1.OrderPlaced.") var type = ""
  @Option(name: .customLong("about"), help: "About one order alone, by its id.") var id = ""

  var isEmpty: Bool { service.isEmpty && subscriber.isEmpty && type.isEmpty && id.isEmpty }

  func request(limit: UInt32, page: String) -> ListParkedRequest {
    ListParkedRequest(
      service: service, limit: limit, subscriber: subscriber, type: type, id: id, page: page)
  }

  /// Names the nodes that could not be asked, and ends with what that means.
  static func complain(about unasked: [UnaskedNode]) throws {
    for node in unasked {
      let name = node.node.isEmpty ? "no node" : node.node
      Terminal.complain("\(node.service) on \(name) could not be asked: \(node.reason)")
    }
    if !unasked.isEmpty { throw ExitStatus.unreachable.code }
  }
}

extension [UnaskedNode] {
  /// Takes in what another page says, each service once: a page does not ask the services that are
  /// listed before it.
  mutating func unite(with others: [UnaskedNode]) {
    for other in others where !contains(where: { $0.service == other.service }) {
      append(other)
    }
  }
}

/// The name of one event that was set aside: `store.order/3/17`.
struct LetterName: ExpressibleByArgument, Hashable, CustomStringConvertible {
  let subscriber: String
  let partition: UInt32
  let position: Int64

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].contains("."), let partition = UInt32(parts[1]),
      let position = Int64(parts[2]), position > 0
    else { return nil }
    subscriber = String(parts[0])
    self.partition = partition
    self.position = position
  }

  init(_ event: ParkedEvent) {
    (subscriber, partition, position) = (event.subscriber, event.partition, event.position)
  }

  /// A subscriber's name begins with that of the service it belongs to.
  var request: ParkedEventRequest {
    ParkedEventRequest(
      service: String(subscriber.prefix { $0 != "." }), subscriber: subscriber,
      partition: partition, position: position)
  }

  var description: String { "\(subscriber)/\(partition)/\(position)" }
}
