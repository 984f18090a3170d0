import Synchronization

/// Keeps a view up to date with one source: reads what is new in all partitions, and has the store
/// take rows and cursors in one transaction. A partition that cannot be read holds up no other.
public final class Projection<Source: EventSource, Store: ProjectionStore>: Sendable {
  public let view: String
  public let source: Source
  public let store: Store
  let interest: EventInterest
  let options: ProjectionOptions
  let clock: JournalClock
  let notify: @Sendable (SubscriptionNotice) -> Void
  private let progress = Mutex(Progress())

  struct Progress: Sendable {
    var applied: [Position] = []
    /// The heads as far as they are known; empty while the source does not answer.
    var heads: [Position] = []
    /// When the oldest event known and not applied was recorded, or was first found unreadable.
    var oldest: WallTime?
    /// Whether a partition cannot be read at the moment, and may have more than is known.
    var isPartial = false
    /// Partitions that are damaged where the view is: it is as far as it can be.
    var damaged: Set<Int> = []
  }

  /// - Parameter view: names the cursors in the store.
  public init(
    _ view: String, from source: Source, into store: Store, interest: EventInterest = .all,
    options: ProjectionOptions = ProjectionOptions(), clock: JournalClock,
    notify: @escaping @Sendable (SubscriptionNotice) -> Void = { _ in }
  ) {
    self.view = view
    self.source = source
    self.store = store
    self.interest = interest
    self.options = options
    self.clock = clock
    self.notify = notify
  }

  /// The same, with nobody looking after it.
  public func run() async throws(SubscriptionError) { try await run(pulse: Pulse()) }

  /// Follows until the task is cancelled, then returns. Throws when going on would be guessing.
  /// - Parameter pulse: beats for each batch, and each question to the source.
  public func run(pulse: Pulse) async throws(SubscriptionError) {
    do throws(SubscriptionError) {
      while !Task.isCancelled {
        // Heard from before the cursors are read, so that no restart is missed.
        let restarts = store.restarts.listen()
        let (status, applied) = try await begin(pulse)
        try await ProjectionRun(self, after: applied, status: status, pulse: pulse)
          .run(until: restarts)
        try await pause(after: 1)
      }
    } catch {
      if case .journal(.cancelled) = error { return }
      throw error
    }
  }

  /// The position applied in each partition; empty before the first `run`.
  public var applied: [Position] { progress.withLock { $0.applied } }

  /// How far behind the view is, by the source's heads.
  public func lag() async throws(JournalError) -> SubscriptionLag {
    let heads = try await source.status().heads
    let (applied, oldest) = progress.withLock { ($0.applied, $0.oldest) }
    var lag = SubscriptionLag(events: 0, oldest: .zero)
    for (index, head) in heads.enumerated() {
      let position = index < applied.count ? applied[index] : .start
      lag.events += max(0, head.value &- position.value)
    }
    if let oldest { lag.oldest = max(.zero, clock.now().since(oldest)) }
    return lag
  }

  /// How many events the view is behind by what is known; nil before it runs, and while the source
  /// does not answer, be it for one partition. What stands behind damage does not count: nobody is
  /// to wait for that.
  public var knownLag: Int64? {
    progress.withLock { progress in
      guard !progress.heads.isEmpty, progress.heads.count == progress.applied.count,
        !progress.isPartial
      else { return nil }
      return progress.heads.indices.reduce(0) { sum, index in
        guard !progress.damaged.contains(index) else { return sum }
        return sum + max(0, progress.heads[index].value &- progress.applied[index].value)
      }
    }
  }

  private func begin(
    _ pulse: Pulse
  ) async throws(SubscriptionError) -> (SourceStatus, applied: [Position]) {
    // The store may have begun anew: what was known of it is nothing any more.
    progress.withLock { $0.heads = [] }
    let status = try await asked(pulse) { () async throws(JournalError) in
      try await source.status()
    }
    var applied = status.heads.map { _ in Position.start }
    for cursor in try await storedCursors() {
      guard applied.indices.contains(cursor.partition.index) else {
        throw .partitionCount(cursor: cursor.partition, source: applied.count)
      }
      guard cursor.epoch == status.epoch else {
        throw .otherEpoch(cursor.partition, cursor: cursor.epoch, source: status.epoch)
      }
      let head = status.heads[cursor.partition.index]
      guard cursor.position <= head else {
        throw .cursorBeyondHead(cursor.partition, cursor: cursor.position, head: head)
      }
      applied[cursor.partition.index] = cursor.position
    }
    return (status, applied)
  }

  private func storedCursors() async throws(SubscriptionError) -> [Cursor] {
    var attempt = 0
    while true {
      attempt += 1
      do throws(ProjectionFailure) {
        return try await store.cursors(of: view, from: source.name)
      } catch { notify(.waiting(0, .unavailable("\(error)"))) }
      try await pause(after: attempt)
    }
  }

  /// - Parameter pulse: beats while the source is asked; nil for what may take for ever.
  func asked<T: Sendable>(
    _ pulse: Pulse? = nil, _ ask: () async throws(JournalError) -> T
  ) async throws(SubscriptionError) -> T {
    var attempt = 0
    while true {
      attempt += 1
      let beat = pulse?.begin()
      defer { if let beat { pulse?.end(beat) } }
      do throws(JournalError) { return try await ask() } catch {
        guard error.mayPass else { throw .journal(error) }
        if let beat { pulse?.end(beat) }
        progress.withLock { $0.heads = [] }
        notify(.waiting(0, error))
      }
      try await pause(after: attempt)
    }
  }

  func pause(after attempt: Int) async throws(SubscriptionError) {
    do { try await clock.sleep(options.backOff.delay(after: attempt)) } catch {
      throw .journal(.cancelled)
    }
    if Task.isCancelled { throw .journal(.cancelled) }
  }

  func publish(_ changed: Progress) { progress.withLock { $0 = changed } }
}
