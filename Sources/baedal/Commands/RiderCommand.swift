import ArgumentParser
import Messages
import Transport

/// What a rider does.
struct RiderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rider", abstract: "Register a rider, go online, carry deliveries.",
    subcommands: [
      Register.self, Online.self, Offline.self, List.self, Claim.self, Decline.self, Start.self,
      PickUp.self, Complete.self,
    ])

  /// What every command of a rider takes.
  struct Options: ParsableArguments {
    @OptionGroup var client: ClientOptions
    @Option(help: "Which rider; the rider calls unless --as says otherwise.")
    var rider = Standard.rider

    func withClient<Result>(_ body: (Client) async throws -> Result) async throws -> Result {
      try await client.withClient(as: .rider(rider), body)
    }

    func riderCall<Request: Message>(
      _ method: UnaryMethod<Request, RiderResponse>, _ request: Request
    ) async throws {
      try await withClient { try client.print(await $0.call(method, request), text: Render.rider) }
    }

    /// A step with one delivery.
    func step(
      _ method: UnaryMethod<DeliveryRequest, DeliveryResponse>, _ orderID: String
    ) async throws {
      try await withClient {
        let request = DeliveryRequest(orderID: orderID, riderID: rider)
        try client.print(await $0.call(method, request)) { answer in
          Render.deliveries(answer.delivery.map { [$0] } ?? [])
        }
      }
    }
  }
}

extension RiderCommand {
  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Register, or change what is known.")
    @OptionGroup var options: Options
    @Option(help: "The rider's name.") var name: String
    @Option(help: "A part of town to work in; may be repeated.") var area = ["역삼동"]

    func run() async throws {
      let profile = RiderProfile(riderID: options.rider, name: name, areas: area)
      try await options.riderCall(
        DeliveryServiceMethods.registerRider, RegisterRiderRequest(profile: profile))
    }
  }

  struct Online: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take offers from now on.")
    @OptionGroup var options: Options

    func run() async throws {
      try await options.riderCall(
        DeliveryServiceMethods.goOnline, RiderRequest(riderID: options.rider))
    }
  }

  struct Offline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take no more offers.")
    @OptionGroup var options: Options

    func run() async throws {
      try await options.riderCall(
        DeliveryServiceMethods.goOffline, RiderRequest(riderID: options.rider))
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What waits, what is offered to the rider, and what they carry.")
    @OptionGroup var options: Options
    @Option(help: "How many at most.") var limit: UInt32 = 50

    func run() async throws {
      try await options.withClient { client in
        let answer = try await client.call(
          DeliveryServiceMethods.listDeliveries,
          ListDeliveriesRequest(riderID: options.rider, limit: limit))
        try options.client.print(answer) { Render.deliveries($0.deliveries) }
      }
    }
  }

  struct Claim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a delivery.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    func run() async throws {
      try await options.step(DeliveryServiceMethods.claimDelivery, orderID)
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Leave an offer to others.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    func run() async throws { try await options.step(DeliveryServiceMethods.declineOffer, orderID) }
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Set out to the store.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    func run() async throws {
      try await options.step(DeliveryServiceMethods.startDelivery, orderID)
    }
  }

  struct PickUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pick-up", abstract: "The food is in the bag.")
    @OptionGroup var options: Options
    @Argument var orderID: String
    func run() async throws { try await options.step(DeliveryServiceMethods.pickUp, orderID) }
  }

  struct Complete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The food is at the door.")
    @OptionGroup var options: Options
    @Argument var orderID: String

    func run() async throws {
      try await options.step(DeliveryServiceMethods.completeDelivery, orderID)
    }
  }
}
