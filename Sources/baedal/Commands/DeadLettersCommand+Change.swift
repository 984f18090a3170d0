import ArgumentParser
@preconcurrency import Glibc
import Messages
import Transport

extension DeadLettersCommand {
  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try events, and what waits behind them, again.",
      discussion: """
        What still cannot be handled stays where it is; the exit code is then \
        \(ExitStatus.refused.rawValue).
        """)
    @OptionGroup var options: ClientOptions
    @OptionGroup var choice: LetterChoice

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let (letters, unasked) = try await choice.letters(client)
        var stays = 0
        for letter in letters {
          do throws(RPCError) {
            let answer = try await client.call(AdminServiceMethods.replayParked, letter.request)
            try options.printed(answer) { "\(letter): \(Render.events($0.events)) replayed" }
          } catch {
            guard letters.count > 1 || choice.all else { throw error }
            stays += 1
            Terminal.complain("\(letter): \(Failure.line(error))")
          }
        }
        try choice.end(unasked, letters, stays, isJSON: options.json)
      }
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up on events for good; what waits behind them goes on.",
      discussion: """
        This cannot be undone: the service will never see the event. What was discarded, when and by \
        whom is kept: 'list --discarded'.
        """)
    @OptionGroup var options: ClientOptions
    @OptionGroup var choice: LetterChoice
    @Flag(help: "Do not ask whether this is meant.") var yes = false

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let (letters, unasked) = try await choice.letters(client)
        if !letters.isEmpty { try confirm(letters) }
        var stays = 0
        for letter in letters {
          do throws(RPCError) {
            let answer = try await client.call(AdminServiceMethods.discardParked, letter.request)
            try options.printed(answer) { Render.discarded($0, letter) }
          } catch {
            guard letters.count > 1 || choice.all else { throw error }
            stays += 1
            Terminal.complain("\(letter): \(Failure.line(error))")
          }
        }
        try choice.end(unasked, letters, stays, isJSON: options.json)
      }
    }

    /// On a terminal it is asked; elsewhere nobody could answer.
    private func confirm(_ letters: [LetterName]) throws {
      guard !yes else { return }
      let what = letters.count == 1 ? "\(letters[0])" : "\(letters.count) events"
      guard isatty(STDIN_FILENO) == 1 else {
        throw Failure(
          line: "discarding \(what) cannot be undone; say --yes if that is meant", status: .usage)
      }
      fputs("Discard \(what) for good? [y/N] ", stderr)
      guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
        throw Failure(line: "nothing was discarded", status: .refused)
      }
    }
  }
}

/// One event, several, or all that fit.
struct LetterChoice: ParsableArguments {
  @Argument(help: "The events, as 'list' calls them.") var events: [LetterName] = []
  @Flag(help: "Every event that fits, of all nodes that can be asked.") var all = false
  @OptionGroup var filter: LetterFilter

  func validate() throws {
    if all, !events.isEmpty {
      throw ValidationError("name the events, or say --all, not both")
    }
    if !all, events.isEmpty { throw ValidationError("name an event, or say --all") }
    if !all, !filter.isEmpty { throw ValidationError("a filter needs --all") }
  }

  /// With `--all` the first of each row of events that wait behind each other.
  func letters(_ client: Client) async throws -> ([LetterName], [UnaskedNode]) {
    guard all else { return (events, []) }
    var letters: [LetterName] = []
    var rows: Set<[String]> = []
    var unasked: [UnaskedNode] = []
    var request = filter.request(limit: 1000, page: "")
    repeat {
      let answer = try await client.call(AdminServiceMethods.listParked, request)
      for event in answer.events
      where rows.insert([event.subscriber, event.orderingKey]).inserted {
        letters.append(LetterName(event))
      }
      unasked.unite(with: answer.unasked)
      request.page = answer.nextPage
    } while !request.page.isEmpty
    return (letters, unasked)
  }

  /// Says what was left, and ends with what that means.
  func end(
    _ unasked: [UnaskedNode], _ letters: [LetterName], _ stays: Int, isJSON: Bool
  ) throws {
    if letters.isEmpty, !isJSON { Swift.print(Terminal.styled("nothing is set aside", .dim)) }
    try LetterFilter.complain(about: unasked)
    if stays > 0 { throw ExitStatus.refused.code }
  }
}
