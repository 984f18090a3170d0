import Foundation
import Logging

/// The looks of a running node at its configuration and the files that it names, one after the
/// other: each takes up what has changed, or tries again what failed before.
struct ReloadLooks {
  /// Between two looks at files that have just changed.
  private static let settleTime = Duration.milliseconds(200)
  /// Files beyond this are not read for changes.
  private static let fileBytesMax = 4 * 1024 * 1024

  private let source: ReloadSource
  private let live: LiveConfig
  private let log: Logger
  private let mark: @Sendable (String) -> Int?
  private var reload: ConfigReload
  private var watch = ReloadWatch([:])
  private var retry = ReloadRetry()
  /// What the last read came to.
  private var last = ConfigReload.Outcome()

  /// - Parameter mark: of a file's content, by its path; see `ReloadWatch`.
  init(
    _ source: ReloadSource, parts: [ReloadPart], live: LiveConfig, log: Logger,
    mark: @escaping @Sendable (String) -> Int? = { ReloadLooks.contentMark(of: $0) }
  ) {
    self.source = source
    self.live = live
    self.log = log
    self.mark = mark
    reload = ConfigReload(live.now, parts: parts)
    watch.settle(contents)
  }

  private var interval: Duration { reload.running.reloadInterval }

  /// The first one, for what changed since the node read it is seen now, or never; returns how long
  /// until the next.
  mutating func begin() async -> Duration {
    await read(nil)
    return interval
  }

  /// One look; returns how long until the next.
  mutating func look(isAsked: Bool) async -> Duration {
    let now = contents
    if isAsked {
      watch.settle(now)
      await read(nil, isAsked: true)
    } else {
      switch watch.look(now) {
      case .rest:
        guard retry.isDue(after: interval) else { return interval }
        await read([], isAgain: true)
      case .lookAgain: return min(Self.settleTime, interval)
      case .read(let changed): await read(changed)
      }
    }
    watch.follow(contents)
    return interval
  }

  /// - Parameter changed: see `ConfigReload.take`; the files that failed last are read along with
  ///   them.
  private mutating func read(
    _ changed: Set<String>?, isAsked: Bool = false, isAgain: Bool = false
  ) async {
    var new = reload.running
    var unread: String?
    do throws(ConfigError) { new = try await source.load() } catch {
      // What other files hold, such as keys, is taken up all the same.
      unread = "\(error)"
    }
    var outcome = await reload.take(new, changed: changed?.union(last.failed.flatMap(\.about)))
    outcome.unread = unread
    live.replace(reload.running)
    tell(outcome, isAsked: isAsked, isAgain: isAgain)
    retry.note(failed: outcome.hasFailed, isAgain: isAgain, interval: interval)
    last = outcome
  }

  /// What failed is said once, and again when the reason is another one or somebody asks.
  private func tell(_ outcome: ConfigReload.Outcome, isAsked: Bool, isAgain: Bool) {
    if let error = outcome.unread, isAsked || error != last.unread {
      log.error("configuration not reloaded", metadata: ["error": "\(error)"])
    }
    for change in outcome.refused where !isAgain || !last.refused.contains(change) {
      log.warning(
        "a changed setting needs a restart",
        metadata: [
          "key": "\(change.key)", "running": "\(change.old ?? "nothing")",
          "wanted": "\(change.new ?? "nothing")",
        ])
    }
    for failure in outcome.failed where isAsked || !last.failed.contains(failure) {
      log.error(
        "a changed setting cannot be taken up",
        metadata: [
          "about": "\(failure.about.joined(separator: ", "))", "error": "\(failure.reason)",
        ])
    }
    let isAnswer = isAsked && outcome.unread == nil
    let isOver = last.hasFailed && !outcome.hasFailed
    guard isAnswer || isOver || !outcome.applied.isEmpty || !outcome.files.isEmpty else { return }
    let changes = outcome.applied.map(\.description) + outcome.files.map { "\($0) read again" }
    log.notice(
      "configuration reloaded",
      metadata: ["changes": "\(changes.isEmpty ? "none" : changes.joined(separator: "; "))"])
  }

  private var contents: ReloadWatch.Contents {
    var contents: ReloadWatch.Contents = [:]
    for path in [source.file].compactMap({ $0 }) + reload.files { contents[path] = mark(path) }
    return contents
  }

  /// A number that tells the content from another one; the content itself may be a secret.
  static func contentMark(of path: String) -> Int? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let bytes = try? handle.read(upToCount: Self.fileBytesMax) else { return nil }
    var hasher = Hasher()
    // All of them: `Data` itself would hash its first 80 bytes alone.
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
