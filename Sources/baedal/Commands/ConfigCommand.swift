import ArgumentParser
import Foundation
import Node

/// The configuration, without a node.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Check a configuration, print every setting, or say what differs.",
    subcommands: [Check.self, ShowConfig.self, Diff.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is wrong with a file in one line, or that nothing is.",
      discussion: """
        The environment (BAEDAL_…) goes before a single file here too, as it does in 'serve', and \
        the files that it names are read. Several files are those of all nodes: they are looked at \
        together as well, and what cannot work between them is told, one line each; of the \
        environment they are given the secrets alone.
        """)
    @Argument(help: "The file of a node, or the files of all.") var files: [String]

    func run() async throws {
      let whole = ProcessInfo.processInfo.environment
      let environment = files.count == 1 ? whole : NodeConfig.secretVariables(of: whole)
      let variable = Setting.named("data.directory")?.environmentName ?? ""
      var members: [Topology.Member] = []
      for file in files {
        let config = try await NodeConfig.load(file: file, environment: environment)
        try config.checkDataDirectory(
          source: environment[variable] != nil ? "environment \(variable)" : file)
        members.append(Topology.Member(file: file, config: config))
      }
      if files.count > 1 {
        let problems = Topology(members).problems
        for problem in problems { Terminal.complain("\(problem)") }
        if !problems.isEmpty { throw ExitStatus.usage.code }
      }
      for member in members {
        let config = member.config
        let services = ServiceName.allCases.filter(config.services.contains).map(\.rawValue)
        print(
          "\(member.file): fine; \(config.nodeName) runs \(services.joined(separator: ", ")) on "
            + "\(Address(host: config.listenHost, port: config.listenPort))")
      }
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
