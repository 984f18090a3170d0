import ArgumentParser
import Messages
import Node
import Transport

extension ConfigCommand {
  /// What a file would change.
  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What differs between a file and a running node, or between two files.",
      discussion: """
        The file is read alone, without the environment and the files that it names, so that this \
        need not run where the node does. What is live is taken up by a running node on SIGHUP, or \
        when it sees that its file has changed; the rest when it starts again.

        With --json each difference is a line with "key", "old", "new" and "live".
        """)
    @OptionGroup var options: ClientOptions
    @Argument(help: "The file.") var file: String
    @Argument(help: "The file to compare it with; without one, the node.") var other: String?

    func run() async throws {
      let wanted = try await NodeConfig.read(file: file).values
      if let other {
        let config = try await NodeConfig.read(file: other)
        try show(SettingChange.between(wanted, config.values), file, other)
        return
      }
      try await options.withClient(as: .cliOperator) { client in
        let answer = try await client.call(AdminServiceMethods.getConfig, GetConfigRequest())
        let running = answer.settings.map {
          SettingValue(key: $0.key, value: $0.value, isLive: $0.live)
        }
        // What a node does not show, a file does not change.
        let hidden = Set(Setting.all.filter(\.isHidden).map(\.key))
        let shown = wanted.filter { !hidden.contains($0.key) }
        try show(SettingChange.between(running, shown), answer.node, file)
      }
    }

    private func show(_ changes: [SettingChange], _ from: String, _ to: String) throws {
      if options.json {
        for change in changes { print(try JSONText.of(Difference(change), isIndented: false)) }
        return
      }
      var table = Table("setting", from, to, "taken up")
      for change in changes {
        table.add(
          "\(change.key)", "\(change.old ?? "")", "\(change.new ?? "")",
          change.isLive ? "on reload" : Table.Cell("at a start", .yellow))
      }
      print(table.text(nothing: "no difference"))
    }

    /// A change for programs, by the names of `ConfigEntry`.
    private struct Difference: Encodable {
      let key: String
      let old: String?
      let new: String?
      let live: Bool

      init(_ change: SettingChange) {
        (key, old, new, live) = (change.key, change.old, change.new, change.isLive)
      }
    }
  }
}
