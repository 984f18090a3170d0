import Synchronization

/// Keeps a view up to date with one source: reads what is new in all partitions, and has the store
/// take rows and cursors in one transaction.
public final class Projection<Source: EventSource, Store: ProjectionStore>: Sendable {
  public let view: String
  public let source: Source
  public let store: Store
  private let interest: EventInterest
  private let options: ProjectionOptions
  private let clock: JournalClock
  private let notify: @Sendable (SubscriptionNotice) -> Void
  private let progress = Mutex(Progress())

  private struct Progress {
    var applied: [Position] = []
    /// The heads as far as they are known; empty while the source does not answer.
    var heads: [Position] = []
    /// When the oldest event known and not applied was recorded.
    var oldest: WallTime?
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
      var (epoch, heads, applied) = try await begin(pulse)
      while !Task.isCancelled {
        publish(heads: heads)
        guard let batch = try await nextBatch(after: applied, upTo: heads, epoch, pulse) else {
          heads = try await asked { () async throws(JournalError) in
            try await source.waitForChange(after: applied)
          }
          continue
        }
        try await apply(batch, pulse)
        for cursor in batch.cursors { applied[cursor.partition.index] = cursor.position }
        publish(applied, oldest: nil)
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
  /// does not answer.
  public var knownLag: Int64? {
    progress.withLock { progress in
      guard !progress.heads.isEmpty, progress.heads.count == progress.applied.count else {
        return nil
      }
      return zip(progress.heads, progress.applied).reduce(0) {
        $0 + max(0, $1.0.value &- $1.1.value)
      }
    }
  }

  private func begin(_ pulse: Pulse) async throws(SubscriptionError)
    -> (JournalEpoch, heads: [Position], applied: [Position])
  {
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
    publish(applied, oldest: nil)
    return (status.epoch, status.heads, applied)
  }

  /// What is new, over the partitions whose head is known to be further; nil when nothing is.
  private func nextBatch(
    after applied: [Position], upTo heads: [Position], _ epoch: JournalEpoch, _ pulse: Pulse
  ) async throws(SubscriptionError) -> ProjectionBatch? {
    var batch = ProjectionBatch(source: source.name, events: [], setAside: [], cursors: [])
    var taken = 0
    var oldest: WallTime?
    for (index, position) in applied.enumerated()
    where taken < options.batchEventsMax && position < heads[index] {
      let partition = Partition(index)
      let limit = options.batchEventsMax - taken
      let (events, damaged) = try await asked(pulse) { () async throws(JournalError) in
        try await read(partition, after: position, limit: limit)
      }
      guard !events.isEmpty || damaged != nil else { continue }
      var last = position
      for event in events {
        guard event.position == last.next else { break }
        last = event.position
        oldest = min(oldest ?? event.recordedAt, event.recordedAt)
        if interest.includes(event) { batch.events.append(event) }
      }
      if let damaged {
        last = damaged.event.position
        batch.setAside.append(damaged)
      }
      taken += max(1, events.count)
      batch.cursors.append(
        Cursor(subscriber: view, partition: partition, position: last, epoch: epoch))
    }
    publish(applied, oldest: oldest)
    return batch.cursors.isEmpty ? nil : batch
  }

  /// The next events of a partition, or the one event that stands there and is damaged: it is set
  /// aside, and those behind it go on.
  private func read(
    _ partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> ([RecordedEvent], damaged: SetAsideEvent?) {
    do throws(JournalError) {
      let events = try await source.read(partition: partition, after: position, limit: limit)
      if let first = events.first, first.position != position.next {
        notify(.hole(partition, position.next))
        throw .unavailable("the source skips position \(position.next) of \(partition)")
      }
      return (events, nil)
    } catch {
      guard case .corrupt(let damage) = error, damage.position == position.next else {
        throw error
      }
      notify(.waiting(partition, error))
      let event = RecordedEvent(
        damaged: damage, partition, position.next, seenAt: clock.now())
      return ([], SetAsideEvent(event: event, reason: damage.description))
    }
  }

  private func apply(
    _ batch: ProjectionBatch, _ pulse: Pulse
  ) async throws(SubscriptionError) {
    var batch = batch
    var attempt = 0
    while true {
      attempt += 1
      do throws(ProjectionFailure) {
        let now = batch
        return try await pulse.during { () async throws(ProjectionFailure) in
          try await store.apply(now)
        }
      } catch {
        switch error {
        case .poison(let partition, let position, let reason):
          let at = batch.events.firstIndex {
            $0.partition == partition && $0.position == position
          }
          if let at {
            let event = batch.events.remove(at: at)
            batch.setAside.append(SetAsideEvent(event: event, reason: reason))
            continue
          }
          notify(.waiting(partition, .unavailable(reason)))
        case .unavailable(let reason):
          notify(.waiting(0, .unavailable(reason)))
        }
      }
      try await pause(after: attempt)
    }
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
  private func asked<T: Sendable>(
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
        publish(heads: [])
        notify(.waiting(0, error))
      }
      try await pause(after: attempt)
    }
  }

  private func pause(after attempt: Int) async throws(SubscriptionError) {
    do { try await clock.sleep(options.backOff.delay(after: attempt)) } catch {
      throw .journal(.cancelled)
    }
    if Task.isCancelled { throw .journal(.cancelled) }
  }

  private func publish(heads: [Position]) {
    progress.withLock { $0.heads = heads }
  }

  private func publish(_ applied: [Position], oldest: WallTime?) {
    progress.withLock {
      $0.applied = applied
      $0.oldest = oldest
    }
  }
}
