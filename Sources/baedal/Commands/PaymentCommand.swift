import ArgumentParser
import Messages
import Transport

/// Money, for operators.
struct PaymentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "payment", abstract: "Look at a payment, refund it, steer the simulator.",
    subcommands: [ShowPayment.self, Refund.self, Simulator.self])

  struct ShowPayment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "One payment; its key is the order's id.")
    @OptionGroup var options: ClientOptions
    @Argument var key: String

    func run() async throws {
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          PaymentServiceMethods.getPayment, GetPaymentRequest(paymentKey: key))
        try options.print(answer) { Render.payment($0.payment) }
      }
    }
  }

  struct Refund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a part back; never more than was captured in all.",
      discussion: """
        The same --refund-key refunds once, however often it is sent. Where there is no answer and \
        the refund may have been made, the error names the key.
        """)
    @OptionGroup var options: ClientOptions
    @Argument var key: String
    @Argument(help: "In won.") var amount: Int64
    @Option(help: "The same one refunds once; a fresh one unless said.") var refundKey: String?
    @Option(help: "Why.") var reason = "goodwill"
    @Flag(help: "The store bears it, not the platform.") var storeBears = false

    func run() async throws {
      let request = RefundRequest(
        paymentKey: key, refundKey: refundKey ?? freshID(length: 20), amountWon: amount,
        reason: reason, bearer: storeBears ? .store : .platform)
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(
          PaymentServiceMethods.refund, request, againWith: "--refund-key \(request.refundKey)")
        try options.print(answer) {
          Render.payment($0.payment) + "\n" + Render.fact("refund", request.refundKey)
        }
      }
    }
  }

  struct Simulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How the built-in payment provider behaves.", subcommands: [Get.self, Set.self])

    struct Get: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "As it is.")
      @OptionGroup var options: ClientOptions

      func run() async throws {
        try await options.withClient(as: .cliOperator) { client in
          let answer = try await client.call(
            PaymentServiceMethods.getSimulator, GetSimulatorRequest())
          try options.print(answer, text: Render.simulator)
        }
      }
    }

    struct Set: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Change it; what is not named stays.")
      @OptionGroup var options: ClientOptions
      @Option(help: "How long a charge takes.") var latencyMs: UInt32?
      @Option(help: "Charges at once.") var capacity: UInt32?
      @Option(help: "Charges beyond those that may wait.") var queue: UInt32?
      @Option(help: "Declined, of 1000.") var declinePerMille: UInt32?
      @Option(help: "Without an answer, of 1000.") var unknownPerMille: UInt32?
      @Flag(inversion: .prefixedNo, help: "Refuse every call.") var down: Bool?

      func run() async throws {
        try await options.withClient(as: .cliOperator) { client in
          var settings = try await client.call(
            PaymentServiceMethods.getSimulator, GetSimulatorRequest())
          settings.latencyMs = latencyMs ?? settings.latencyMs
          settings.capacity = capacity ?? settings.capacity
          settings.queue = queue ?? settings.queue
          settings.declinePerMille = declinePerMille ?? settings.declinePerMille
          settings.unknownPerMille = unknownPerMille ?? settings.unknownPerMille
          settings.down = down ?? settings.down
          let answer = try await client.call(PaymentServiceMethods.setSimulator, settings)
          try options.print(answer, text: Render.simulator)
        }
      }
    }
  }
}
