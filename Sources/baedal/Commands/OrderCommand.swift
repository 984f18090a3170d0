import ArgumentParser
import Messages
import Transport

/// What a customer does.
struct OrderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order", abstract: "Place, pay, cancel and follow orders.",
    subcommands: [
      Place.self, Pay.self, AnswerOffer.self, Cancel.self, ShowOrder.self, Watch.self, List.self,
    ])
}

extension OrderCommand {
  /// A line of the cart: `item`, `item:quantity` or `item:quantity@price`.
  struct Item: ExpressibleByArgument {
    let line: CartLine

    init?(argument: String) {
      let priced = argument.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      let parts = priced[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let item = parts.first, !item.isEmpty,
        let quantity = parts.count == 2 ? UInt32(parts[1]) : 1, quantity > 0,
        let price = priced.count == 2 ? Int64(priced[1]) : 0, price >= 0
      else { return nil }
      line = CartLine(itemID: String(item), quantity: quantity, seenUnitPriceWon: price)
    }
  }

  struct Place: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Order and pay in one step.",
      discussion: """
        The same --key gives the original answer, however often it is sent. Where there is no \
        answer and the order may have been placed, the error names the key.
        """)

    @OptionGroup var options: ClientOptions

    @Argument(
      help: ArgumentHelp(
        "What to order; the price is the one you saw, if you want it kept.",
        valueName: "item[:quantity][@price]"))
    var items: [Item]

    @Option(help: "Where to order.") var store = Standard.store
    @Option(help: "Who orders, if not the caller.") var customer: String?
    @Option(help: "Where it goes.") var address = "서울시 강남구 테헤란로 1"
    @Option(help: "The part of town that is in.") var area = "역삼동"
    @Option(
      help: """
        The token of a card; 'card-declined' is always declined, and one that begins with 'once:' \
        is never charged without you. Empty: pay later.
        """)
    var paymentMethod = "card-demo"
    @Option(help: "The idempotency key; a fresh one unless said.") var key: String?
    @Flag(help: "Fail rather than park the order when payment is overloaded.")
    var refuseParking = false

    func run() async throws {
      try await options.withClient(as: .customer(customer ?? Standard.customer)) { client in
        let request = PlaceOrderRequest(
          customerID: customer ?? client.principal.id, idempotencyKey: key ?? freshID(length: 20),
          storeID: store, lines: items.map(\.line), deliveryAddress: address, area: area,
          paymentMethod: paymentMethod, refuseParking: refuseParking)
        let answer = try await client.call(
          OrderServiceMethods.placeOrder, request, againWith: "--key \(request.idempotencyKey)")
        try options.print(answer) { Render.order($0.order, retryAfterMs: $0.retryAfterMs) }
        try Render.failIfOver(answer.order)
      }
    }
  }

  struct Pay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pay an order that was parked.")

    @OptionGroup var options: ClientOptions
    @Argument var orderID: String
    @Option(help: "Pay by this instead of what came with the order.") var paymentMethod = ""

    func run() async throws {
      try await options.withClient(as: .customer(Standard.customer)) { client in
        let answer = try await client.call(
          OrderServiceMethods.payOrder,
          PayOrderRequest(orderID: orderID, paymentMethod: paymentMethod))
        try options.print(answer) { Render.order($0.order, retryAfterMs: $0.retryAfterMs) }
        try Render.failIfOver(answer.order)
      }
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Cancel an order, or ask the store once it has accepted.")

    @OptionGroup var options: ClientOptions
    @Argument var orderID: String
    @Option(help: "Why.") var reason = "changed my mind"

    func run() async throws {
      try await options.withClient(as: .customer(Standard.customer)) { client in
        let answer = try await client.call(
          OrderServiceMethods.cancelOrder, CancelOrderRequest(orderID: orderID, reason: reason))
        try options.print(answer) { Render.order($0.order) }
      }
    }
  }

  struct AnswerOffer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "answer-offer",
      abstract: "Take the money for items that the store cannot deliver, or do not.")

    @OptionGroup var options: ClientOptions
    @Argument var orderID: String
    @Argument(help: "The offer's number, as the order shows it.") var number: UInt32
    @Flag(inversion: .prefixedNo, help: "Whether to take it.") var accept: Bool

    func run() async throws {
      try await options.withClient(as: .customer(Standard.customer)) { client in
        let answer = try await client.call(
          OrderServiceMethods.answerOffer,
          AnswerOfferRequest(orderID: orderID, number: number, accept: accept))
        try options.print(answer) { Render.order($0.order) }
      }
    }
  }

  struct ShowOrder: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "The order as its own service knows it.")

    @OptionGroup var options: ClientOptions
    @Argument var orderID: String

    func run() async throws {
      try await options.withClient(as: .customer(Standard.customer)) { client in
        let answer = try await client.call(
          OrderServiceMethods.getOrder, GetOrderRequest(orderID: orderID))
        try options.print(answer) { Render.order($0.order) }
      }
    }
  }

  struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The order as it is, then every change until it is over.")

    @OptionGroup var options: ClientOptions
    @Argument var orderID: String

    func run() async throws {
      try await options.withClient(as: .customer(Standard.customer)) { client in
        let updates = try await client.stream(
          DashboardServiceMethods.watchOrder, WatchOrderRequest(orderID: orderID))
        for try await update in updates { try options.print(update, text: Render.update) }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A customer's orders, newest first.")

    @OptionGroup var options: ClientOptions
    @Option(help: "Whose, if not the caller's.") var customer: String?
    @Option(help: "How many on a page, at most 100.") var limit: UInt32 = 20
    @Option(help: "Where the page before ended.") var cursor = ""
    @Flag(help: "Every page.") var all = false

    func run() async throws {
      try await options.withClient(as: .customer(customer ?? Standard.customer)) { client in
        var next = cursor
        repeat {
          let page = try await client.call(
            DashboardServiceMethods.listCustomerOrders,
            ListCustomerOrdersRequest(
              customerID: customer ?? client.principal.id, limit: limit, cursor: next))
          try options.print(page) { Render.page($0, isLast: all) }
          next = page.nextCursor
        } while all && !next.isEmpty
      }
    }
  }
}
