import ArgumentParser
import Foundation
import Node

/// The configuration, without a node.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check a configuration, or print every setting.",
    subcommands: [Check.self, ShowConfig.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is wrong with a file in one line, or that nothing is.",
      discussion: "The environment (BAEDAL_…) goes before the file here too, as it does in 'serve'."
    )
    @Argument var file: String

    func run() async throws {
      let environment = ProcessInfo.processInfo.environment
      let config = try await NodeConfig.load(file: file, environment: environment)
      let variable = Setting.named("data.directory")?.environmentName ?? ""
      try config.checkDataDirectory(
        source: environment[variable] != nil ? "environment \(variable)" : file)
      let services = ServiceName.allCases.filter(config.services.contains).map(\.rawValue)
      print(
        "\(file): fine; \(config.nodeName) runs \(services.joined(separator: ", ")) on "
          + "\(Address(host: config.listenHost, port: config.listenPort))")
    }
  }

  struct ShowConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Print a commented file with every setting as it would be now.")
    @OptionGroup var source: ConfigSource
    @Flag(help: "Print a Markdown table of all settings instead.") var markdown = false

    func run() async throws {
      if markdown {
        print(NodeConfig.markdown, terminator: "")
      } else {
        print(try await source.load().yaml, terminator: "")
      }
    }
  }
}
