/// One run of a projection, from the cursors of its store: reads what is new, and has the store
/// take it in. A partition that cannot be read is left out for a while. Its state belongs to one
/// task.
final class ProjectionRun<Source: EventSource, Store: ProjectionStore> {
  private enum Step: Sendable {
    case changed([Position])
    case readAgain(Int)
    /// The store has begun anew.
    case restarted
    case failed(SubscriptionError)
  }
  private typealias Steps = TaskGroup<Step>

  /// A partition that could not be read last.
  private struct Trouble {
    let since: WallTime
    /// The source has answered: what stands there is damaged.
    var isDamage = false
    /// Reads in a row that failed.
    var attempts = 0
    /// It is left out until a while has passed.
    var isPaused = false
  }

  private let projection: Projection<Source, Store>
  private let epoch: JournalEpoch
  private let pulse: Pulse
  /// The source's heads, as far as they are known.
  private var heads: [Position]
  private var applied: [Position]
  /// By the index of the partition.
  private var troubles: [Int: Trouble] = [:]
  private var isWaiting = false
  private var isOver = false

  /// - Parameter applied: what the store has taken in of each partition.
  init(
    _ projection: Projection<Source, Store>, after applied: [Position], status: SourceStatus,
    pulse: Pulse
  ) {
    self.projection = projection
    self.applied = applied
    self.pulse = pulse
    epoch = status.epoch
    heads = status.heads
    publish()
  }

  private var options: ProjectionOptions { projection.options }

  /// Ends when the task is cancelled, and when the store's cursors are to be read again.
  nonisolated(nonsending) func run(
    until restarts: AsyncStream<Void>
  ) async throws(SubscriptionError) {
    let failure: SubscriptionError? = await withTaskGroup(of: Step.self) { group in
      group.addTask {
        for await _ in restarts { break }
        return .restarted
      }
      var failure: SubscriptionError?
      while failure == nil, !isOver, !Task.isCancelled {
        failure = await takeIn(&group)
        guard failure == nil, !isOver else { break }
        waitForChange(&group)
        guard let step = await group.next() else { break }
        failure = apply(step)
      }
      group.cancelAll()
      return failure
    }
    if let failure { throw failure }
  }

  private func apply(_ step: Step) -> SubscriptionError? {
    switch step {
    case .changed(let changed):
      isWaiting = false
      for index in heads.indices where index < changed.count {
        heads[index] = max(heads[index], changed[index])
      }
      publish()
    case .readAgain(let index): troubles[index]?.isPaused = false
    case .restarted: isOver = true
    case .failed(let error): return error
    }
    return nil
  }

  private func waitForChange(_ group: inout Steps) {
    guard !isWaiting else { return }
    isWaiting = true
    let (projection, heads) = (self.projection, self.heads)
    group.addTask {
      do throws(SubscriptionError) {
        return .changed(
          try await projection.asked { () async throws(JournalError) in
            try await projection.source.waitForChange(after: heads)
          })
      } catch { return .failed(error) }
    }
  }

  /// - Parameter oldest: when the oldest event that is about to be applied was recorded.
  private func publish(oldest: WallTime? = nil) {
    let times = troubles.values.map(\.since) + [oldest].compactMap { $0 }
    projection.publish(
      Projection<Source, Store>.Progress(
        applied: applied, heads: heads, oldest: times.min(),
        isPartial: troubles.contains { !$0.value.isDamage },
        damaged: Set(troubles.filter(\.value.isDamage).keys)))
  }
}

// MARK: - Batches

extension ProjectionRun {
  /// Has the store take in what is new, as far as the heads are known.
  private nonisolated(nonsending) func takeIn(_ group: inout Steps) async -> SubscriptionError? {
    do throws(SubscriptionError) {
      while !Task.isCancelled, let batch = try await nextBatch(&group) {
        guard try await apply(batch) else {
          isOver = true
          break
        }
        for cursor in batch.cursors { applied[cursor.partition.index] = cursor.position }
        publish()
      }
      return nil
    } catch { return error }
  }

  /// What is new, over the partitions whose head is known to be further; nil when nothing can be
  /// had.
  private nonisolated(nonsending) func nextBatch(
    _ group: inout Steps
  ) async throws(SubscriptionError) -> ProjectionBatch? {
    var batch = ProjectionBatch(
      source: projection.source.name, events: [], setAside: [], cursors: [])
    var taken = 0
    var oldest: WallTime?
    for (index, position) in applied.enumerated()
    where taken < options.batchEventsMax && position < heads[index] {
      guard troubles[index]?.isPaused != true else { continue }
      let partition = Partition(index)
      let found: (events: [RecordedEvent], damaged: SetAsideEvent?)
      do throws(JournalError) {
        found = try await read(partition, after: position, limit: options.batchEventsMax - taken)
      } catch {
        guard error.mayPass else { throw .journal(error) }
        projection.notify(.waiting(partition, error))
        leaveOut(index, because: error, &group)
        continue
      }
      troubles[index] = nil
      var last = position
      for event in found.events {
        guard event.position == last.next else { break }
        last = event.position
        oldest = min(oldest ?? event.recordedAt, event.recordedAt)
        if projection.interest.includes(event) { batch.events.append(event) }
      }
      if let damaged = found.damaged {
        last = damaged.event.position
        batch.setAside.append(damaged)
      }
      taken += max(1, found.events.count)
      batch.after[partition] = position
      batch.cursors.append(
        Cursor(subscriber: projection.view, partition: partition, position: last, epoch: epoch))
    }
    publish(oldest: oldest)
    return batch.cursors.isEmpty ? nil : batch
  }

  /// The next events of a partition whose head is further, or the one event that stands there and
  /// is damaged: it is set aside, and those behind it go on.
  private nonisolated(nonsending) func read(
    _ partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> (events: [RecordedEvent], damaged: SetAsideEvent?) {
    do throws(JournalError) {
      let events = try await pulse.during { () async throws(JournalError) in
        try await projection.source.read(partition: partition, after: position, limit: limit)
      }
      guard events.first?.position == position.next else {
        projection.notify(.hole(partition, position.next))
        throw .unavailable("the source skips position \(position.next) of \(partition)")
      }
      return (events, nil)
    } catch {
      guard case .corrupt(let damage) = error, damage.position == position.next else {
        throw error
      }
      projection.notify(.waiting(partition, error))
      let event = RecordedEvent(
        damaged: damage, partition, position.next, seenAt: projection.clock.now())
      return ([], SetAsideEvent(event: event, reason: damage.description))
    }
  }

  /// The others go on meanwhile; that this one is missing shows in the progress.
  private func leaveOut(_ index: Int, because error: JournalError, _ group: inout Steps) {
    var trouble = troubles[index] ?? Trouble(since: projection.clock.now())
    if case .corrupt = error { trouble.isDamage = true } else { trouble.isDamage = false }
    trouble.attempts += 1
    trouble.isPaused = true
    troubles[index] = trouble
    let (sleep, delay) = (projection.clock.sleep, options.backOff.delay(after: trouble.attempts))
    group.addTask {
      try? await sleep(delay)
      return .readAgain(index)
    }
  }

  /// False when the store stands elsewhere.
  private nonisolated(nonsending) func apply(
    _ batch: ProjectionBatch
  ) async throws(SubscriptionError) -> Bool {
    var attempt = 0
    while true {
      attempt += 1
      do throws(ProjectionFailure) {
        try await pulse.during { () async throws(ProjectionFailure) in
          try await projection.store.apply(batch)
        }
        return true
      } catch {
        switch error {
        case .outOfStep(let reason):
          projection.notify(.waiting(0, .unavailable(reason)))
          return false
        case .unavailable(let reason):
          projection.notify(.waiting(0, .unavailable(reason)))
        }
      }
      try await projection.pause(after: attempt)
    }
  }
}
