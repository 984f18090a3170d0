import ArgumentParser
import Foundation
import Node

/// Runs a node until it is told to stop.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a node until SIGTERM or Ctrl-C.",
    discussion: """
      An option goes before the environment (BAEDAL_LISTEN_PORT and so on), which goes before the
      file, which goes before the defaults of 'baedal config show'. The file may change while the
      node runs: on SIGHUP, and when it is seen to have changed, it is read again, and what 'config
      show' calls live is taken up.
      """)

  @OptionGroup var source: ConfigSource

  func run() async throws {
    let config = try await source.load()
    let directory = try config.prepareDataDirectory(source: source.name(of: "data.directory"))
    defer { withExtendedLifetime(directory) {} }
    let source = source
    try await runNode(
      config,
      reloadingFrom: ReloadSource(file: source.config) { () async throws(ConfigError) in
        try await source.load(checksFiles: false)
      })
  }
}

/// Where a configuration comes from.
struct ConfigSource: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Where journals and views are.", valueName: "dir"))
  var data: String?

  @Option(help: ArgumentHelp("Where to serve; port 0 takes a free one.", valueName: "host:port"))
  var listen: Address?

  func load(checksFiles: Bool = true) async throws(ConfigError) -> NodeConfig {
    try await NodeConfig.load(
      file: config, environment: environment, options: options, checksFiles: checksFiles)
  }

  /// What to name when that setting is wrong.
  func name(of key: String) -> String {
    if options[key] != nil { return "command line" }
    let variable = Setting.named(key)?.environmentName ?? ""
    return environment[variable] != nil ? "environment \(variable)" : config ?? "defaults"
  }

  private var environment: [String: String] { ProcessInfo.processInfo.environment }

  private var options: [String: String] {
    var options: [String: String] = [:]
    if let data { options["data.directory"] = data }
    if let listen {
      options["listen.host"] = listen.host
      options["listen.port"] = String(listen.port)
    }
    return options
  }
}
