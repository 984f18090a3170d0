import ArgumentParser
import Messages
import Transport

extension StoreCommand {
  struct Board: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What the store has in hand, oldest first.")
    @OptionGroup var options: Options
    @Option(help: "How many at most.") var limit: UInt32 = 20
    @Option(help: "Where the page before ended.") var cursor = ""

    func run() async throws {
      try await options.withClient { client in
        let page = try await client.call(
          DashboardServiceMethods.getStoreBoard,
          GetStoreBoardRequest(storeID: options.store, limit: limit, cursor: cursor))
        try options.client.print(page) { Render.page($0) }
      }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Accept an order; the order itself confirms it.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    @Option(help: "Minutes until it is at the door.") var eta: UInt32 = 40

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.acceptTicket, AcceptTicketRequest(orderID: orderID, etaMinutes: eta))
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Refuse an order.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    @Option(help: "Why.") var reason = "too busy"

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.refuseTicket, RefuseTicketRequest(orderID: orderID, reason: reason))
    }
  }

  struct Cook: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start to cook.")
    @OptionGroup var options: Options
    @Argument var orderID: String

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.startCooking, TicketRequest(orderID: orderID))
    }
  }

  struct Ready: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Cooking is finished.")
    @OptionGroup var options: Options
    @Argument var orderID: String

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.finishCooking, TicketRequest(orderID: orderID))
    }
  }

  struct AnswerCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "answer-cancel",
      abstract: "Answer a customer who wants out of an accepted order.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    @Flag(inversion: .prefixedNo, help: "Whether the store agrees.") var agree: Bool

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.answerCancel, AnswerCancelRequest(orderID: orderID, agree: agree))
    }
  }

  struct OfferRefund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "offer-refund",
      abstract: "Offer the customer the money for items that are sold out.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    @Argument(help: ArgumentHelp("What is missing.", valueName: "item[:quantity]"))
    var items: [OrderCommand.Item]
    @Option(help: "Why.") var reason = "sold out"
    @Option(
      help: ArgumentHelp(
        "Which offer of the order this is, 1 for the first: the same number again is the same "
          + "offer. 0: the next one.", valueName: "n"))
    var number: UInt32 = 0

    func run() async throws {
      try await options.ticketCall(
        StoreServiceMethods.offerRefund,
        OfferRefundRequest(
          orderID: orderID,
          items: items.map { OfferedItem(itemID: $0.line.itemID, quantity: $0.line.quantity) },
          reason: reason, number: number))
    }
  }

  struct TicketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ticket", abstract: "One order as its store sees it.")
    @OptionGroup var options: Options
    @Argument var orderID: String

    func run() async throws {
      try await options.ticketCall(StoreServiceMethods.getTicket, TicketRequest(orderID: orderID))
    }
  }
}
