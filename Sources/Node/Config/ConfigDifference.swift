/// One setting that two configurations have different values for.
package struct SettingChange: Hashable, Sendable {
  package let key: String
  /// As a file would have them; nil where there is no such setting, such as one of a peer. A secret
  /// never shows.
  package let old: String?
  package let new: String?
  /// Taken up while a node runs.
  package let isLive: Bool
}

/// One setting and its value, as a file would have it.
package struct SettingValue: Hashable, Sendable {
  package let key: String
  package let value: String
  package let isLive: Bool

  package init(key: String, value: String, isLive: Bool) {
    self.key = key
    self.value = value
    self.isLive = isLive
  }
}

extension NodeConfig {
  /// Every setting with its value, those of the peers included, and no secret.
  package var values: [SettingValue] {
    Setting.all.map {
      SettingValue(key: $0.key, value: $0.read(self), isLive: $0.isLive)
    }
      + peers.flatMap { peer in
        var config = NodeConfig()
        config.peers = [peer]
        return PeerSetting.settings(of: peer.name).map {
          SettingValue(key: $0.key, value: $0.read(config), isLive: $0.isLive)
        }
      }
  }

  /// What is different in `other`.
  package func changes(to other: NodeConfig) -> [SettingChange] {
    SettingChange.between(values, other.values)
      + Self.secrets.compactMap { key, place in
        let (old, new) = (self[keyPath: place], other[keyPath: place])
        guard old != new else { return nil }
        return SettingChange(
          key: key, old: old?.description, new: new?.description, isLive: false)
      }
  }

  private static let secrets:
    [(key: String, place: any (KeyPath<NodeConfig, Secret?> & Sendable))] = [
      ("access.operator_token", \.access.operatorToken),
      ("payment.http.secret", \.payment.http.secret),
    ]

  /// Of an environment the secrets, and which files hold them: what a file does not say, whichever
  /// node it is for.
  package static func secretVariables(of environment: [String: String]) -> [String: String] {
    let names = secrets.flatMap { [$0.key, "\($0.key)_file"] }
      .map { "BAEDAL_" + environmentPart($0) }
    return environment.filter { names.contains($0.key) }
  }

  /// Files whose content is part of this configuration.
  var secretFiles: [String] {
    [access.operatorTokenFile, payment.http.secretFile].filter { !$0.isEmpty }
  }
}

extension SettingChange {
  /// What is different between two lists of settings, in the order of the first.
  package static func between(_ old: [SettingValue], _ new: [SettingValue]) -> [SettingChange] {
    let before = Dictionary(old.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let after = Dictionary(new.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let keys = old.map(\.key) + new.map(\.key).filter { before[$0] == nil }
    return keys.compactMap { key in
      let (left, right) = (before[key], after[key])
      guard left?.value != right?.value else { return nil }
      return SettingChange(
        key: key, old: left?.value, new: right?.value,
        isLive: left?.isLive ?? right?.isLive ?? false)
    }
  }
}

extension SettingChange: CustomStringConvertible {
  /// `log.level: info, now debug`
  package var description: String { "\(key): \(old ?? "nothing"), now \(new ?? "nothing")" }
}
