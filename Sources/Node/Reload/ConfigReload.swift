/// What becomes of a configuration that was read again while the node runs.
struct ConfigReload: Sendable {
  /// What was done about it.
  struct Outcome: Sendable, Equatable {
    /// Taken up.
    var applied: [SettingChange] = []
    /// Needs a restart, and does nothing until then.
    var refused: [SettingChange] = []
    /// The file that changed and was read again by a part that holds its content.
    var files: [String] = []
    /// Parts that could not take it up, and why; they go on as they were.
    var failed: [Failure] = []
    /// Why the configuration itself could not be read. What other files hold was taken up.
    var unread: String?

    var hasFailed: Bool { unread != nil || !failed.isEmpty }
  }

  struct Failure: Sendable, Equatable {
    /// What it was about: keys and files.
    let about: [String]
    let reason: String
  }

  /// What the node runs with.
  private(set) var running: NodeConfig
  private let parts: [ReloadPart]

  init(_ running: NodeConfig, parts: [ReloadPart]) {
    self.running = running
    self.parts = parts
  }

  /// Every file whose content matters now, beside the configuration itself.
  var files: [String] {
    var files = running.secretFiles
    for part in parts { files += part.files(running) }
    return files.filter { !$0.isEmpty }
  }

  /// Takes up of `new` what can change while the node runs. Where a part cannot, its settings stay
  /// as they are.
  ///
  /// - Parameter changed: files whose content is another one; nil when nobody has looked, so that
  ///   every part reads its own again.
  mutating func take(_ new: NodeConfig, changed: Set<String>?) async -> Outcome {
    let changes = running.changes(to: new)
    let live = changes.filter(\.isLive)
    var outcome = Outcome(refused: changes.filter { !$0.isLive })
    var candidate = running
    for change in live { Setting.named(change.key)?.copy(from: new, to: &candidate) }
    var kept: Set<String> = []
    for part in parts {
      let own = live.filter { part.answers(for: $0.key) }
      let files = part.files(candidate).filter { !$0.isEmpty && changed?.contains($0) ?? true }
      guard !own.isEmpty || !files.isEmpty else { continue }
      do {
        try await part.apply(candidate)
        outcome.files += files.filter { changed?.contains($0) ?? false }
      } catch {
        for change in own { Setting.named(change.key)?.copy(from: running, to: &candidate) }
        kept.formUnion(own.map(\.key))
        outcome.failed.append(Failure(about: own.map(\.key) + files, reason: "\(error)"))
      }
    }
    outcome.applied = live.filter { !kept.contains($0.key) }
    running = candidate
    return outcome
  }
}
