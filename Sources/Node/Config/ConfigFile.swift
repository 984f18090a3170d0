import Foundation
import Yams

/// A configuration file whose keys have been checked against the table of settings. Values are
/// read from it by swift-configuration, which neither lists keys nor knows lines.
struct ConfigFile {
  let path: String
  /// Where each value stands, by the setting's name.
  private(set) var lines: [String: Int] = [:]
  /// The peers it names, in its order.
  private(set) var peers: [String] = []
  /// Nothing but comments.
  private(set) var isEmpty = false

  /// Reads and checks the file.
  init(path: String) throws(ConfigError) {
    self.path = path
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ConfigError(.unreadable, in: path, key: "", Self.reason(path))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigError(.malformed, in: path, key: "", "is not UTF-8 text")
    }
    guard let root = try Self.parsed(text, path) else {
      isEmpty = true
      return
    }
    guard case .mapping(let mapping) = root else {
      throw ConfigError(
        .malformed, in: path, line: root.mark?.line, key: "",
        "the top level must be keys and values, such as 'listen:'")
    }
    try check(mapping, below: "")
  }

  private static func reason(_ path: String) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      return "there is no such file; 'baedal config show' prints one with every default"
    }
    return isDirectory.boolValue
      ? "is a directory, not a file" : "cannot be read by this user; check its permissions"
  }

  private static func parsed(_ text: String, _ path: String) throws(ConfigError) -> Yams.Node? {
    do {
      return try Parser(yaml: text).singleRoot()
    } catch {
      var (line, problem): (Int?, String) = (nil, "cannot be parsed")
      switch error as? YamlError {
      case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _),
        .composer(_, let text, let mark, _):
        (line, problem) = (mark.line, text)
      case .duplicatedKeysInMapping(let keys, let context):
        (line, problem) = (context.mark.line, "the key '\(keys.first ?? "")' stands here twice")
      case .reader(let text, _, _, _): problem = text
      default: break
      }
      throw ConfigError(.malformed, in: path, line: line, key: "", "not valid YAML: \(problem)")
    }
  }

  private mutating func check(
    _ mapping: Yams.Node.Mapping, below prefix: String
  ) throws(ConfigError) {
    for (keyNode, value) in mapping {
      let line = keyNode.mark?.line
      let name = keyNode.scalar?.string ?? "?"
      let key = prefix.isEmpty ? name : "\(prefix).\(name)"
      if prefix == PeerSetting.group {
        try note(peer: name, key: key, line: line)
        try checkGroup(value, key: key, line: line)
      } else if let (peer, setting) = PeerSetting.named(key) {
        try note(peer: peer, key: key, line: line)
        try checkShape(value, of: setting, line: line)
        lines[key] = line
      } else if key == PeerSetting.group {
        try checkGroup(value, key: key, line: line)
      } else if let setting = Setting.named(key) {
        try checkShape(value, of: setting, line: line)
        lines[key] = line
      } else if Setting.all.contains(where: { $0.key.hasPrefix("\(key).") }) {
        try checkGroup(value, key: key, line: line)
      } else {
        throw unknown(key, line: line)
      }
    }
  }

  /// A peer is named by its group, by each of its settings where they stand alone, or by both.
  private mutating func note(peer name: String, key: String, line: Int?) throws(ConfigError) {
    guard PeerSetting.name.accepts(name) else {
      throw ConfigError(
        .badValue, in: path, line: line, key: key,
        "'\(name)' is not a peer's name: \(PeerSetting.name.expected)")
    }
    if !peers.contains(name) { peers.append(name) }
  }

  private mutating func checkGroup(
    _ value: Yams.Node, key: String, line: Int?
  ) throws(ConfigError) {
    if case .mapping(let inner) = value {
      try check(inner, below: key)
    } else if value.scalar?.string.isEmpty != true {
      let sample =
        key.hasPrefix(PeerSetting.group)
        ? "address"
        : Setting.all.first { $0.key.hasPrefix("\(key).") }?.key.dropFirst(key.count + 1)
      throw ConfigError(
        .badValue, in: path, line: line, key: key,
        "is a group; its settings, such as '\(sample ?? "")', go below it, indented")
    }
  }

  private func checkShape(
    _ value: Yams.Node, of setting: Setting, line: Int?
  ) throws(ConfigError) {
    let fits =
      switch (setting.shape, value) {
      case (.scalar, .scalar): true
      case (.list, .sequence(let items)): items.allSatisfy { $0.scalar != nil }
      default: false
      }
    guard !fits else { return }
    let found =
      switch value {
      case .scalar(let scalar): "'\(scalar.string)'"
      case .sequence: "a list"
      default: "a group of keys"
      }
    throw ConfigError(
      .badValue, in: path, line: line, key: setting.key, "\(found) is not \(setting.expected)")
  }

  private func unknown(_ key: String, line: Int?) -> ConfigError {
    if let file = Setting.named("\(key)_file") {
      return ConfigError(
        .secretInFile, in: path, line: line, key: key,
        "a secret does not belong into this file; set BAEDAL_\(NodeConfig.environmentPart(key))"
          + " or name a file in '\(file.key)'")
    }
    let names = Setting.all.filter { !$0.isHidden }.map(\.key)
    let hint = nearestName(to: key, among: names).map { "did you mean '\($0)'?" }
    return ConfigError(
      .unknownKey, in: path, line: line, key: key,
      "there is no such setting; \(hint ?? "'baedal config show' lists them all")")
  }
}
