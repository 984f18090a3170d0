import ArgumentParser
@preconcurrency import Glibc
import Node

/// The command line: a node, its clients, and what is known about both.
@main
struct Baedal: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baedal",
    abstract: "Carries a food order from the customer's tap to the doorstep.",
    discussion: """
      Start a node with 'baedal serve', then watch it work with 'baedal demo'.

      Exit codes: \(ExitStatus.summary)
      """,
    version: NodeVersion.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Node",
        subcommands: [
          Serve.self, ConfigCommand.self, CertCommand.self, TokenCommand.self, HealthCommand.self,
          Audit.self,
        ]),
      CommandGroup(
        name: "Customer, store and rider",
        subcommands: [
          OrderCommand.self, StoreCommand.self, RiderCommand.self, DashboardCommand.self,
          Demo.self,
        ]),
      CommandGroup(
        name: "Operator",
        subcommands: [
          PaymentCommand.self, BreakersCommand.self, WaitingCommand.self, DeadLettersCommand.self,
          NodeCommand.self, SignalsCommand.self, AutoscaleCommand.self,
        ]),
      CommandGroup(
        name: "Protocol",
        subcommands: [CallCommand.self, Describe.self, AccessCommand.self, Transitions.self]),
    ])

  /// Synchronous, and the main thread stays: an asynchronous `main` gives it up, which callgrind
  /// does not survive.
  static func main() {
    setvbuf(stdout, nil, _IOLBF, 0)
    signal(SIGPIPE, SIG_DFL)
    Task { @concurrent in
      await perform()
      Glibc.exit(ExitStatus.ok.rawValue)
    }
    while true { pause() }
  }

  private static func perform() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      leave(with: error)
    }
  }

  /// Says what is wrong in one line on standard error and ends with the code that means it.
  /// Help and the version, which the parser throws as well, go to standard output.
  private static func leave(with error: any Error) -> Never {
    if let failure = Failure(error) {
      Terminal.complain(failure.line)
      Glibc.exit(failure.status.rawValue)
    }
    if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
    switch exitCode(for: error) {
    case .success: exit(withError: error)
    case .validationFailure:
      Terminal.complain(line(of: fullMessage(for: error)))
      Glibc.exit(ExitStatus.usage.rawValue)
    default:
      Terminal.complain("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
      Glibc.exit(ExitStatus.failed.rawValue)
    }
  }

  /// The parser's message without the usage: what is wrong, and what to ask for help.
  private static func line(of message: String) -> String {
    let lines = message.split(whereSeparator: \.isNewline)
    var what = String(lines.first.map { $0.hasPrefix("Error: ") ? $0.dropFirst(7) : $0 } ?? "")
    // Where one of several was to be named, they follow as a list.
    let choices = lines.filter { $0.hasPrefix("  - ") }.map { $0.dropFirst(4) }
    if !choices.isEmpty { what += " " + choices.joined(separator: ", ") }
    let hint = lines.last { $0.contains("--help'") }?.split(separator: "'").dropFirst().first
    return hint.map { "\(what); see '\($0)'" } ?? what
  }
}
