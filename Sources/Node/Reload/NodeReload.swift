import Foundation
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
/// Whatever is wrong with it, the node goes on with what it runs with.
struct NodeReload: ServiceLifecycle.Service, CustomStringConvertible {
  let source: ReloadSource
  let parts: [ReloadPart]
  let live: LiveConfig
  let signals: UnixSignalsSequence
  let log: Logger

  /// Between two looks at files that have just changed.
  private static let settleTime = Duration.milliseconds(200)
  /// Files beyond this are not read for changes.
  private static let fileBytesMax = 4 * 1024 * 1024

  var description: String { "reload" }

  func run() async throws {
    let bell = ReloadBell()
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in signals { bell.ring(.asked) } }
        var reload = ConfigReload(live.now, parts: parts)
        var watch = ReloadWatch(contents(reload))
        // What changed since the node read it is seen now, or never.
        await read(&reload, changed: nil, isAsked: false)
        var pause = reload.running.reloadInterval
        while !Task.isCancelled {
          guard let rung = await bell.next(within: pause) else { break }
          pause = await look(&reload, &watch, isAsked: rung.asked)
        }
        group.cancelAll()
      }
    }
  }

  /// One look; returns how long until the next.
  private func look(
    _ reload: inout ConfigReload, _ watch: inout ReloadWatch, isAsked: Bool
  ) async -> Duration {
    let now = contents(reload)
    if isAsked {
      watch.settle(now)
      await read(&reload, changed: nil, isAsked: true)
    } else {
      switch watch.look(now) {
      case .rest: return reload.running.reloadInterval
      case .lookAgain: return min(Self.settleTime, reload.running.reloadInterval)
      case .read(let changed): await read(&reload, changed: changed, isAsked: false)
      }
    }
    watch.follow(contents(reload))
    return reload.running.reloadInterval
  }

  private func read(
    _ reload: inout ConfigReload, changed: Set<String>?, isAsked: Bool
  ) async {
    var new = reload.running
    var isRead = true
    do throws(ConfigError) { new = try await source.load() } catch {
      isRead = false
      // What other files hold, such as keys, is taken up all the same.
      log.error("configuration not reloaded", metadata: ["error": "\(error)"])
    }
    let outcome = await reload.take(new, changed: changed)
    live.replace(reload.running)
    tell(outcome, isAsked: isAsked && isRead)
  }

  private func tell(_ outcome: ConfigReload.Outcome, isAsked: Bool) {
    for change in outcome.refused {
      log.warning(
        "a changed setting needs a restart",
        metadata: [
          "key": "\(change.key)", "running": "\(change.old ?? "nothing")",
          "wanted": "\(change.new ?? "nothing")",
        ])
    }
    for failure in outcome.failed {
      log.error(
        "a changed setting cannot be taken up",
        metadata: [
          "about": "\(failure.about.joined(separator: ", "))", "error": "\(failure.reason)",
        ])
    }
    guard isAsked || !outcome.applied.isEmpty || !outcome.files.isEmpty else { return }
    let changes = outcome.applied.map(\.description) + outcome.files.map { "\($0) read again" }
    log.notice(
      "configuration reloaded",
      metadata: ["changes": "\(changes.isEmpty ? "none" : changes.joined(separator: "; "))"])
  }

  private func contents(_ reload: ConfigReload) -> ReloadWatch.Contents {
    var contents: ReloadWatch.Contents = [:]
    for path in [source.file].compactMap({ $0 }) + reload.files {
      contents[path] = Self.mark(of: path)
    }
    return contents
  }

  /// A number that tells the content from another one; the content itself may be a secret.
  private static func mark(of path: String) -> Int? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let bytes = try? handle.read(upToCount: Self.fileBytesMax) else { return nil }
    var hasher = Hasher()
    // All of them: `Data` itself would hash its first 80 bytes alone.
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
