extension NodeConfig {
  /// The configuration as a commented YAML file that reads back as this value; secrets are left
  /// out.
  package var yaml: String {
    var page = Page(lines: [
      "# Every setting with its meaning. What is left out has its default.",
      "# An environment variable goes before the file: \(Self.example).",
      "# Live: taken up while the node runs, on SIGHUP or when it changes; the rest at a start.",
    ])
    for setting in Setting.all where !setting.isHidden {
      let value = setting.read(self)
      let standard = setting.read(NodeConfig())
      page.add(setting, value, note: value == standard ? "" : "  # default \(standard)")
    }
    if peers.isEmpty { page.lines += Self.noPeers }
    for peer in peers {
      var config = NodeConfig()
      config.peers = [peer]
      for setting in PeerSetting.written(of: peer) { page.add(setting, setting.read(config)) }
    }
    return page.lines.joined(separator: "\n") + "\n"
  }

  /// Every setting as a Markdown table: key, default, what it takes, what it is for.
  package static var markdown: String {
    let head = ["| key | default | takes | meaning | live |", "|---|---|---|---|---|"]
    let rows = Setting.all.filter { !$0.isHidden }.map { setting in
      "| `\(setting.key)` | `\(setting.read(NodeConfig()))` | \(setting.expected) |"
        + " \(setting.doc) | \(setting.isLive ? "yes" : "") |"
    }
    return (head + rows).joined(separator: "\n") + "\n"
  }

  private static let noPeers = [
    "",
    "# Other nodes, by names of your own; there are none by default. Several addresses: replicas.",
    "# peers:", "#   front: {address: \"host:7700\", services: [order, store]}",
    "#   boards: {addresses: [\"a:7700\", \"b:7700\"], services: [dashboard]}",
  ]

  private static var example: String {
    Setting.named("listen.port")?.environmentName ?? "BAEDAL_…"
  }
}

/// A commented file that grows by a setting at a time.
private struct Page {
  var lines: [String]
  /// The groups that the last setting stands in.
  private var open: [Substring] = []

  init(lines: [String]) { self.lines = lines }

  /// Adds a setting below its groups, of which it opens those that are not open yet.
  mutating func add(_ setting: Setting, _ value: String, note: String = "") {
    let path = setting.key.split(separator: ".")
    let groups = path.dropLast()
    let shared = zip(open, groups).prefix { $0 == $1 }.count
    if shared == 0 { lines.append("") }
    for (depth, group) in groups.enumerated().dropFirst(shared) {
      lines.append(Self.indent(depth) + "\(group):")
    }
    open = Array(groups)
    lines += Self.comment(
      "\(setting.doc) \(Self.sentence(setting)).\(setting.isLive ? " Live." : "")",
      depth: groups.count)
    lines.append(Self.indent(groups.count) + "\(path.last ?? ""): \(value)\(note)")
  }

  private static func sentence(_ setting: Setting) -> String {
    setting.expected.prefix(1).uppercased() + setting.expected.dropFirst()
  }

  /// Comment lines of at most 100 columns.
  private static func comment(_ text: String, depth: Int) -> [String] {
    let start = indent(depth) + "#"
    var lines = [start]
    for word in text.split(separator: " ") {
      let line = lines.removeLast()
      if line.count + 1 + word.count > 100 {
        lines += [line, "\(start) \(word)"]
      } else {
        lines.append("\(line) \(word)")
      }
    }
    return lines
  }

  private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
