import Synchronization

/// What a node runs with now, for those who look each time they need it. One lock and one copy a
/// look: not for hot paths.
final class LiveConfig: Sendable {
  private let config: Mutex<NodeConfig>

  init(_ config: NodeConfig) { self.config = Mutex(config) }

  var now: NodeConfig { config.withLock { $0 } }

  func replace(_ new: NodeConfig) { config.withLock { $0 = new } }
}
