import ArgumentParser
import Messages
import Transport

/// How a node, or one service on it, is.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "How a node, or one service on it, is.",
    discussion: """
      Ends with 0 when it serves, with 3 when it does not or nobody answers, and with 5 when the \
      node has no such service.
      """)
  @OptionGroup var options: ClientOptions
  @Option(
    help: ArgumentHelp(
      "A service by its full or short name, such as order; the node as a whole if left out.",
      valueName: "name"))
  var service = ""
  @Flag(help: "Show every change, until the node is gone.") var watch = false

  func run() async throws {
    let request = HealthCheckRequest(service: fullName)
    try await options.withClient(as: .cliOperator) { client in
      guard watch else {
        let answer = try await client.call(HealthServiceMethods.check, request)
        try options.print(answer, text: text)
        guard answer.status == .serving else { throw ExitStatus.unreachable.code }
        return
      }
      for try await answer in try await client.stream(HealthServiceMethods.watch, request) {
        try options.print(answer, text: text)
      }
    }
  }

  /// `order` is short for `baedal.order.v1.OrderService`.
  private var fullName: String {
    guard !service.isEmpty, !service.contains(".") else { return service }
    return "baedal.\(service).v1.\(service.prefix(1).uppercased() + service.dropFirst())Service"
  }

  private func text(_ answer: HealthCheckResponse) -> String {
    let status = Show.name(answer.status)
    return service.isEmpty ? status : "\(service): \(status)"
  }
}
