import Credentials
import Foundation

extension TokenKeys {
  private static let key = "access.token_keys_file"
  private static let fileBytesMax = 1024 * 1024

  /// The keys of the file that a configuration names; nil when it names none.
  convenience init?(_ access: NodeConfig.Access) async throws(ConfigError) {
    guard !access.tokenKeysFile.isEmpty else { return nil }
    let set = try Self.read(access.tokenKeysFile)
    do throws(KeySetError) { try await self.init(set) } catch {
      throw Self.unusable(access.tokenKeysFile, "\(error)")
    }
  }

  /// Takes up another file, or what the file holds now.
  static func reload(_ keys: TokenKeys?, _ access: NodeConfig.Access) async throws(ConfigError) {
    guard let keys, !access.tokenKeysFile.isEmpty else {
      guard keys != nil || !access.tokenKeysFile.isEmpty else { return }
      throw ConfigError(
        .badValue, in: "access", key: key, "to begin or end with tokens needs a restart")
    }
    let set = try read(access.tokenKeysFile)
    do throws(KeySetError) { try await keys.replace(set) } catch {
      throw unusable(access.tokenKeysFile, "\(error)")
    }
  }

  private static func read(_ path: String) throws(ConfigError) -> String {
    guard let content = FileManager.default.contents(atPath: path),
      content.count <= fileBytesMax, let text = String(validating: content, as: UTF8.self)
    else { throw unusable(path, "it cannot be read") }
    return text
  }

  private static func unusable(_ path: String, _ reason: String) -> ConfigError {
    ConfigError(.badValue, in: "access", key: key, "'\(path)': \(reason)")
  }
}

extension RateLimiter.Policy {
  /// Calls of one customer, store or rider.
  static func calls(_ access: NodeConfig.Access) -> Self {
    Self(perSecond: access.callsPerSecond, burst: access.callsBurst)
  }

  /// Connections from one address.
  static func connections(_ access: NodeConfig.Access) -> Self {
    Self(perSecond: access.connectionsPerSecond, burst: access.connectionsBurst)
  }
}
