/// Follows one partition: takes events from the source, starts handlers, and moves the cursor as
/// they finish. Its state belongs to one task; handlers run in child tasks.
final class PartitionFollower<
  Source: EventSource, Destination: Journal, Handler: Subscriber
> {
  private enum Step: Sendable {
    /// Dealt with; nil when the task was cancelled before it was.
    case handled(key: String, Position?)
    case changed
    case readAgain
    case cursorTimer
    case cursorStored(Position?)
    case failed(SubscriptionError)
  }
  private typealias Steps = TaskGroup<Step>

  private let subscription: Subscription<Source, Destination, Handler>
  private let partition: Partition
  private let epoch: JournalEpoch
  private var window: DeliveryWindow
  /// Events waiting behind one of the same key that is being handled, or for a free handler.
  private var lanes: [String: [RecordedEvent]] = [:]
  private var ready: [RecordedEvent] = []
  private var handlers = 0
  private var readAttempts = 0
  private var mayRead = true
  private var isWaiting = false
  private var storedCursor: Position
  private var isStoring = false
  private var hasTimer = false
  private var isCursorDue = false

  init(
    _ subscription: Subscription<Source, Destination, Handler>, partition: Partition,
    after position: Position, epoch: JournalEpoch
  ) {
    self.subscription = subscription
    self.partition = partition
    self.epoch = epoch
    window = DeliveryWindow(after: position)
    storedCursor = position
  }

  private var options: SubscriptionOptions { subscription.options }

  nonisolated(nonsending) func run() async throws(SubscriptionError) {
    let failure: SubscriptionError? = await withTaskGroup(of: Step.self) { group in
      defer { group.cancelAll() }
      while !Task.isCancelled {
        if let failure = await takeMore(&group) { return failure }
        startHandlers(&group)
        keepCursor(&group)
        subscription.publish(window, of: partition)
        guard let step = await group.next() else { return nil }
        if let failure = apply(step) { return failure }
      }
      return nil
    }
    // One last time, so that a restart finds little to do again; not cancellable.
    if window.lowWater > storedCursor { _ = try? await storeCursor(window.lowWater) }
    if let failure { throw failure }
  }

  private func apply(_ step: Step) -> SubscriptionError? {
    switch step {
    case .handled(let key, let position):
      handlers -= 1
      guard let position else { return nil }
      window.finish(position)
      if lanes[key]?.isEmpty ?? true {
        lanes.removeValue(forKey: key)
      } else if let next = lanes[key]?.removeFirst() {
        ready.append(next)
      }
    case .changed:
      isWaiting = false
      mayRead = true
    case .readAgain: mayRead = true
    case .cursorTimer:
      hasTimer = false
      isCursorDue = true
    case .cursorStored(let position):
      isStoring = false
      if let position { storedCursor = position }
    case .failed(let error): return error
    }
    return nil
  }

  /// Reads while there is room, then waits for a change in a child task.
  private nonisolated(nonsending) func takeMore(_ group: inout Steps) async -> SubscriptionError? {
    while mayRead, window.count < options.windowEventsMax {
      let room = min(options.windowEventsMax - window.count, options.readEventsMax)
      do throws(JournalError) {
        let events = try await subscription.source.read(
          partition: partition, after: window.last, limit: room)
        if let first = events.first, first.position != window.last.next {
          subscription.notify(.hole(partition, window.last.next))
          pauseReading(&group)
          return nil
        }
        guard !events.isEmpty else {
          mayRead = false
          break
        }
        readAttempts = 0
        take(events)
      } catch {
        guard error.mayPass else { return .journal(error) }
        subscription.notify(.waiting(partition, error))
        pauseReading(&group)
        return nil
      }
    }
    if !mayRead, !isWaiting, readAttempts == 0 { waitForChange(&group) }
    return nil
  }

  private func take(_ events: [RecordedEvent]) {
    for event in events {
      // A source that skips one within a page is asked again from there.
      guard event.position == window.last.next else { return }
      window.take(recordedAt: event.recordedAt)
      guard subscription.subscriber.interest.includes(event) else {
        window.finish(event.position)
        continue
      }
      let key = subscription.subscriber.orderingKey(of: event)
      if lanes[key] != nil {
        lanes[key]?.append(event)
      } else {
        lanes[key] = []
        ready.append(event)
      }
    }
  }

  private func pauseReading(_ group: inout Steps) {
    mayRead = false
    readAttempts += 1
    let delay = options.backOff.delay(after: readAttempts)
    let sleep = subscription.clock.sleep
    group.addTask {
      try? await sleep(delay)
      return .readAgain
    }
  }

  private func waitForChange(_ group: inout Steps) {
    isWaiting = true
    let (source, partition, last) = (subscription.source, partition, window.last)
    let (sleep, delay) = (subscription.clock.sleep, options.backOff.longest)
    group.addTask {
      do throws(JournalError) {
        try await source.waitForChange(in: partition, after: last)
      } catch {
        guard error.mayPass else { return .failed(.journal(error)) }
        try? await sleep(delay)
      }
      return .changed
    }
  }

  private func startHandlers(_ group: inout Steps) {
    let count = min(ready.count, options.handlersMax - handlers)
    guard count > 0 else { return }
    for event in ready[..<count] {
      let subscription = self.subscription
      let key = subscription.subscriber.orderingKey(of: event)
      handlers += 1
      group.addTask {
        .handled(key: key, await subscription.deal(with: event, key) ? event.position : nil)
      }
    }
    ready.removeFirst(count)
  }

  private func keepCursor(_ group: inout Steps) {
    let moved = window.lowWater.value &- storedCursor.value
    guard moved > 0 else { return }
    if !isStoring, isCursorDue || moved >= Int64(options.cursorEvents) {
      isStoring = true
      isCursorDue = false
      let (destination, cursor) = (subscription.destination, cursor(at: window.lowWater))
      group.addTask {
        do throws(JournalError) {
          _ = try await destination.append(Append(cursors: [cursor]))
          return .cursorStored(cursor.position)
        } catch { return .cursorStored(nil) }
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

  private nonisolated(nonsending) func storeCursor(_ position: Position) async throws(JournalError)
  {
    _ = try await subscription.destination.append(Append(cursors: [cursor(at: position)]))
  }

  private func cursor(at position: Position) -> Cursor {
    Cursor(
      subscriber: subscription.subscriber.name, partition: partition, position: position,
      epoch: epoch)
  }
}
