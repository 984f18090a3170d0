import Logging
import ServiceLifecycle
import UnixSignals

/// Where a node's configuration can be read again.
package struct ReloadSource: Sendable {
  /// The file that is watched; nil when there is none.
  let file: String?
  let load: @Sendable () async throws(ConfigError) -> NodeConfig

  package init(
    file: String?, load: @escaping @Sendable () async throws(ConfigError) -> NodeConfig
  ) {
    self.file = file
    self.load = load
  }
}

/// Reads the configuration again on SIGHUP, and when the file or one that it names has changed.
/// Whatever is wrong with it, the node goes on with what it runs with, and tries again by and by, where
/// it looks for changes at all.
struct NodeReload: ServiceLifecycle.Service, CustomStringConvertible {
  let source: ReloadSource
  let parts: [ReloadPart]
  let live: LiveConfig
  let signals: UnixSignalsSequence
  let log: Logger

  var description: String { "reload" }

  func run() async throws {
    let bell = ReloadBell()
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in signals { bell.ring(.asked) } }
        var looks = ReloadLooks(source, parts: parts, live: live, log: log)
        var pause = await looks.begin()
        while !Task.isCancelled {
          guard let rung = await bell.next(within: pause) else { break }
          pause = await looks.look(isAsked: rung.asked)
        }
        group.cancelAll()
      }
    }
  }
}
