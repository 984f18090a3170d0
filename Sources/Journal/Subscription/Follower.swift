/// Follows all partitions of a source: takes events up, starts handlers, and moves the cursors as
/// they finish. Its state belongs to one task; handlers run in child tasks.
///
/// One task for all partitions: a commit of the source wakes it once, however many partitions the
/// commit has touched.
final class Follower<Source: EventSource, Destination: Journal, Handler: Subscriber> {
  private enum Step: Sendable {
    /// Dealt with; or the task was cancelled before it was.
    case handled(key: String, RecordedEvent, isDone: Bool)
    case changed([Position])
    case readAgain(Partition)
    case cursorTimer
    case cursorsStored([Cursor]?)
    case failed(SubscriptionError)
  }
  private typealias Steps = TaskGroup<Step>

  private let subscription: Subscription<Source, Destination, Handler>
  private let epoch: JournalEpoch
  private let pulse: Pulse
  private var intakes: [PartitionIntake]
  /// Partitions, by index, that may have something to read.
  private var behind: Set<Int>
  /// Events waiting behind one of the same key that is being handled, or for a free handler.
  private var lanes: [String: [RecordedEvent]] = [:]
  private var ready: [(key: String, event: RecordedEvent)] = []
  private var handlers = 0
  private var isWaiting = false
  private var isStoring = false
  private var hasTimer = false
  private var areCursorsDue = false
  /// The destination did not take them last: more of them are no reason to try sooner.
  private var haveCursorsFailed = false
  /// Of events taken up whose rows are damaged: why, by the event's id.
  private var damages: [EventID: String] = [:]

  /// - Parameter positions: what has been dealt with in each partition.
  init(
    _ subscription: Subscription<Source, Destination, Handler>, after positions: [Position],
    status: SourceStatus, pulse: Pulse
  ) {
    self.subscription = subscription
    self.pulse = pulse
    epoch = status.epoch
    intakes = zip(positions, status.heads).enumerated().map { index, pair in
      PartitionIntake(Partition(index), after: pair.0, head: pair.1)
    }
    behind = Set(intakes.indices)
  }

  private var options: SubscriptionOptions { subscription.options }

  nonisolated(nonsending) func run() async throws(SubscriptionError) {
    let failure: SubscriptionError? = await withTaskGroup(of: Step.self) { group in
      var failure: SubscriptionError?
      while failure == nil, !Task.isCancelled {
        failure = await takeMore(&group)
        guard failure == nil else { break }
        startHandlers(&group)
        keepCursors(&group)
        waitForChange(&group)
        guard let step = await group.next() else { break }
        failure = apply(step)
      }
      group.cancelAll()
      // What handlers have done, or finish all the same, counts for the cursors below.
      while let step = await group.next() {
        if case .handled = step { _ = apply(step) }
      }
      return failure
    }
    // One last time, so that a restart finds little to do again; not cancellable.
    let cursors = movedCursors()
    if !cursors.isEmpty { _ = try? await subscription.destination.append(Append(cursors: cursors)) }
    if let failure { throw failure }
  }

  private func apply(_ step: Step) -> SubscriptionError? {
    switch step {
    case .handled(let key, let event, let isDone):
      handlers -= 1
      guard isDone else { return nil }
      finish(event.position, of: event.partition.index)
      if lanes[key]?.isEmpty ?? true {
        lanes.removeValue(forKey: key)
      } else if let next = lanes[key]?.removeFirst() {
        ready.append((key, next))
      }
    case .changed(let heads):
      isWaiting = false
      for index in intakes.indices where index < heads.count && heads[index] > intakes[index].head {
        intakes[index].head = heads[index]
        behind.insert(index)
        subscription.publish(intakes[index].progress, of: index)
      }
    case .readAgain(let partition):
      intakes[partition.index].isPaused = false
      behind.insert(partition.index)
    case .cursorTimer:
      hasTimer = false
      areCursorsDue = true
    case .cursorsStored(let cursors):
      isStoring = false
      haveCursorsFailed = cursors == nil
      for cursor in cursors ?? [] {
        intakes[cursor.partition.index].storedCursor = cursor.position
      }
    case .failed(let error): return error
    }
    return nil
  }

  private func finish(_ position: Position, of index: Int) {
    intakes[index].window.finish(position)
    subscription.publish(intakes[index].progress, of: index)
  }
}

// MARK: - Reading

extension Follower {
  /// Reads where there is something to read and room for it.
  private nonisolated(nonsending) func takeMore(_ group: inout Steps) async -> SubscriptionError? {
    guard !behind.isEmpty else { return nil }
    for index in behind.sorted() {
      do throws(JournalError) {
        try await read(index, &group)
      } catch {
        guard error.mayPass else { return .journal(error) }
        subscription.notify(.waiting(Partition(index), error))
        pause(index, &group)
      }
      // What is full stays; it goes on when handlers have finished.
      if intakes[index].isPaused || intakes[index].window.last >= intakes[index].head {
        behind.remove(index)
      }
      subscription.publish(intakes[index].progress, of: index)
    }
    return nil
  }

  private nonisolated(nonsending) func read(
    _ index: Int, _ group: inout Steps
  ) async throws(JournalError) {
    while true {
      let room = intakes[index].room(options)
      guard room > 0 else { return }
      let partition = Partition(index)
      let after = intakes[index].window.last
      let events: [RecordedEvent]
      do throws(JournalError) {
        events = try await pulse.during { () async throws(JournalError) in
          try await subscription.source.read(partition: partition, after: after, limit: room)
        }
      } catch {
        guard case .corrupt(let damage) = error, damage.position == after.next else { throw error }
        take(damage, at: after.next, of: index)
        continue
      }
      guard let first = events.first, first.position == after.next else {
        // Its head says that there is one.
        subscription.notify(.hole(partition, after.next))
        return pause(index, &group)
      }
      intakes[index].readAttempts = 0
      take(events, of: index)
    }
  }

  private func take(_ events: [RecordedEvent], of index: Int) {
    let interest = subscription.subscriber.interest
    for event in events {
      // A source that skips one within a page is asked again from there.
      guard event.position == intakes[index].window.last.next else { return }
      intakes[index].window.take(recordedAt: event.recordedAt)
      guard interest.includes(event) else {
        intakes[index].window.finish(event.position)
        continue
      }
      enter(event)
    }
  }

  /// A damaged row holds up its own order only: whatever it was, it is set aside in its turn.
  private func take(_ damage: Corruption, at position: Position, of index: Int) {
    let event = RecordedEvent(
      damaged: damage, Partition(index), position, seenAt: subscription.clock.now())
    intakes[index].window.take(recordedAt: event.recordedAt)
    damages[event.id] = damage.description
    enter(event)
  }

  private func enter(_ event: RecordedEvent) {
    let key = subscription.subscriber.orderingKey(of: event)
    if lanes[key] != nil {
      lanes[key]?.append(event)
    } else {
      lanes[key] = []
      ready.append((key, event))
    }
  }

  private func pause(_ index: Int, _ group: inout Steps) {
    intakes[index].isPaused = true
    intakes[index].readAttempts += 1
    let delay = options.backOff.delay(after: intakes[index].readAttempts)
    let sleep = subscription.clock.sleep
    group.addTask {
      try? await sleep(delay)
      return .readAgain(Partition(index))
    }
  }

  private func waitForChange(_ group: inout Steps) {
    guard !isWaiting else { return }
    isWaiting = true
    let (source, heads) = (subscription.source, intakes.map(\.head))
    let (sleep, delay) = (subscription.clock.sleep, options.backOff.longest)
    group.addTask {
      do throws(JournalError) {
        return .changed(try await source.waitForChange(after: heads))
      } catch {
        guard error.mayPass else { return .failed(.journal(error)) }
        try? await sleep(delay)
        return .changed(heads)
      }
    }
  }
}

// MARK: - Handling

extension Follower {
  private func startHandlers(_ group: inout Steps) {
    let count = min(ready.count, options.handlersMax - handlers)
    guard count > 0 else { return }
    let (subscription, pulse) = (self.subscription, self.pulse)
    for (key, event) in ready[..<count] {
      handlers += 1
      let damage = damages.removeValue(forKey: event.id)
      group.addTask {
        .handled(
          key: key, event,
          isDone: await subscription.deal(with: event, key, damage: damage, pulse: pulse))
      }
    }
    ready.removeFirst(count)
  }

  private func keepCursors(_ group: inout Steps) {
    let uncovered = intakes.reduce(0) { $0 &+ $1.uncovered }
    guard uncovered > 0 else { return }
    let areMany = uncovered >= Int64(options.cursorEvents) && !haveCursorsFailed
    if !isStoring, areCursorsDue || areMany {
      isStoring = true
      areCursorsDue = false
      let (destination, cursors) = (subscription.destination, movedCursors())
      group.addTask {
        do throws(JournalError) {
          _ = try await destination.append(Append(cursors: cursors))
          return .cursorsStored(cursors)
        } catch { return .cursorsStored(nil) }
      }
    } else if !hasTimer {
      hasTimer = true
      let (sleep, interval) = (subscription.clock.sleep, options.cursorInterval)
      group.addTask {
        try? await sleep(interval)
        return .cursorTimer
      }
    }
  }

  /// Where the cursors of the partitions that moved would stand now.
  private func movedCursors() -> [Cursor] {
    intakes.filter { $0.uncovered > 0 }.map { intake in
      Cursor(
        subscriber: subscription.subscriber.name, partition: intake.partition,
        position: intake.window.lowWater, epoch: epoch)
    }
  }
}
