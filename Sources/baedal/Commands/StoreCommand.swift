import ArgumentParser
import Messages
import Transport

/// What a store's owner does.
struct StoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Register a store, keep its menu, work through its tickets.",
    subcommands: [
      Register.self, ShowStore.self, Menu.self, SoldOut.self, Restock.self, Pause.self,
      Resume.self, Board.self, Accept.self, Refuse.self, Cook.self, Ready.self,
      AnswerCancel.self, OfferRefund.self, TicketCommand.self,
    ])

  /// What every command of an owner takes.
  struct Options: ParsableArguments {
    @OptionGroup var client: ClientOptions
    @Option(help: "Which store; the owner calls unless --as says otherwise.")
    var store = Standard.store

    func withClient<Result>(_ body: (Client) async throws -> Result) async throws -> Result {
      try await client.withClient(as: .store(store), body)
    }

    /// Calls and prints the store as it is afterwards.
    func storeCall<Request: Message>(
      _ method: UnaryMethod<Request, StoreResponse>, _ request: Request
    ) async throws {
      try await withClient { try client.print(await $0.call(method, request), text: Render.store) }
    }

    /// Calls and prints the ticket as it is afterwards.
    func ticketCall<Request: Message>(
      _ method: UnaryMethod<Request, TicketResponse>, _ request: Request
    ) async throws {
      try await withClient { try client.print(await $0.call(method, request), text: Render.ticket) }
    }
  }
}

extension StoreCommand {
  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register a store, or change what is known about it.")

    @OptionGroup var options: Options
    @Option(help: "Its name.") var name: String
    @Option(help: "A part of town it delivers to; may be repeated.") var area = ["역삼동"]
    @Option(help: "The least it takes an order for, in won.") var minimum: Int64 = 0
    @Option(
      help: ArgumentHelp(
        "When it is open, as weekday 1 (Monday) to 7 and Korean time, such as 1:11:00-26:00; "
          + "may be repeated; always, if never said.", valueName: "day:from-to"))
    var open: [Hours] = []
    @Flag(help: "Change a store that is registered already.") var change = false

    func run() async throws {
      let details = StoreDetails(
        storeID: options.store, name: name, areas: area, minimumOrderWon: minimum,
        openingHours: open.map(\.interval))
      if change {
        try await options.storeCall(
          StoreServiceMethods.changeStore, ChangeStoreRequest(details: details))
      } else {
        try await options.storeCall(
          StoreServiceMethods.registerStore, RegisterStoreRequest(details: details))
      }
    }
  }

  /// `weekday:HH:MM-HH:MM`; after midnight counts on past 24.
  struct Hours: ExpressibleByArgument {
    let interval: OpenInterval

    init?(argument: String) {
      let parts = argument.split(whereSeparator: { ":-".contains($0) }).compactMap { UInt32($0) }
      guard parts.count == 5, (1...7).contains(parts[0]), parts[1] < 24, parts[2] < 60,
        parts[3] < 48, parts[4] < 60
      else { return nil }
      interval = OpenInterval(
        weekday: parts[0], opensMinute: parts[1] * 60 + parts[2],
        closesMinute: parts[3] * 60 + parts[4])
    }
  }

  struct ShowStore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "The store and its menu.")
    @OptionGroup var options: Options

    func run() async throws {
      try await options.storeCall(
        StoreServiceMethods.getStore, GetStoreRequest(storeID: options.store))
    }
  }

  struct Menu: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put items on the menu or take them off.", subcommands: [Put.self, Remove.self])

    struct Put: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Put an item on the menu, or change it.")
      @OptionGroup var options: Options
      @Argument var item: String
      @Argument(help: "In won.") var price: Int64
      @Option(help: "What the customer reads.") var name: String?
      @Option var description = ""

      func run() async throws {
        let item = MenuItem(
          itemID: item, name: name ?? item, priceWon: price, description: description)
        try await options.storeCall(
          StoreServiceMethods.putMenuItem, PutMenuItemRequest(storeID: options.store, item: item))
      }
    }

    struct Remove: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Take an item off the menu.")
      @OptionGroup var options: Options
      @Argument var item: String

      func run() async throws {
        try await options.storeCall(
          StoreServiceMethods.removeMenuItem,
          RemoveMenuItemRequest(storeID: options.store, itemID: item))
      }
    }
  }

  struct SoldOut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sold-out", abstract: "Say that an item is sold out.")
    @OptionGroup var options: Options
    @Argument var item: String

    func run() async throws {
      try await options.storeCall(
        StoreServiceMethods.setSoldOut,
        SetSoldOutRequest(storeID: options.store, itemID: item, soldOut: true))
    }
  }

  struct Restock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say that an item is there again.")
    @OptionGroup var options: Options
    @Argument var item: String

    func run() async throws {
      try await options.storeCall(
        StoreServiceMethods.setSoldOut,
        SetSoldOutRequest(storeID: options.store, itemID: item, soldOut: false))
    }
  }

  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take no orders for a while.")
    @OptionGroup var options: Options
    @Option(help: "Why.") var reason = "busy"

    func run() async throws {
      try await options.storeCall(
        StoreServiceMethods.pauseStore, PauseStoreRequest(storeID: options.store, reason: reason))
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take orders again.")
    @OptionGroup var options: Options

    func run() async throws {
      try await options.storeCall(
        StoreServiceMethods.resumeStore, ResumeStoreRequest(storeID: options.store))
    }
  }
}
