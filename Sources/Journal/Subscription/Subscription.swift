import Synchronization

/// Follows the partitions of a source from the cursors stored in the destination, and hands
/// each event to its subscriber at least once: in order per ordering key, concurrently otherwise.
///
/// The cursor is a low-water mark, stored now and then with the destination's append; what was
/// handled beyond it is delivered again after a crash, and the inbox marks keep its effect single.
public final class Subscription<
  Source: EventSource, Destination: Journal, Handler: Subscriber
>: Sendable {
  public let source: Source
  public let destination: Destination
  public let subscriber: Handler
  let options: SubscriptionOptions
  let clock: JournalClock
  let notify: @Sendable (SubscriptionNotice) -> Void
  let parking = ParkingLot()
  /// By the index of the partition; empty before it runs.
  let progress = Mutex<[PartitionProgress]>([])
  /// The source's heads when it first ran here.
  private let firstHeads = Mutex<[Position]?>(nil)
  let hearing = Mutex(Hearing())

  /// - Parameter notify: told what is worth a line in the log; must not block.
  public init(
    from source: Source, to destination: Destination, subscriber: Handler,
    options: SubscriptionOptions = SubscriptionOptions(), clock: JournalClock,
    notify: @escaping @Sendable (SubscriptionNotice) -> Void = { _ in }
  ) {
    self.source = source
    self.destination = destination
    self.subscriber = subscriber
    self.options = options
    self.clock = clock
    self.notify = notify
  }

  /// The same, with nobody looking after it.
  public func run() async throws(SubscriptionError) { try await run(pulse: Pulse()) }

  /// Follows until the task is cancelled, then stores its cursors and returns. Throws when going
  /// on would be guessing. One run at a time counts: another that does not end beside it has no
  /// effect twice, since cursors and marks stand with the effects.
  /// - Parameter pulse: beats for each event that is handled, and each question to a journal.
  public func run(pulse: Pulse) async throws(SubscriptionError) {
    do throws(SubscriptionError) {
      let (status, positions) = try await begin()
      try await Follower(self, after: positions, status: status, pulse: pulse).run()
    } catch {
      if case .journal(.cancelled) = error { return }
      throw error
    }
  }

  /// How far behind it is, by the source's heads.
  public func lag() async throws(JournalError) -> SubscriptionLag {
    let heads = try await source.status().heads
    let now = clock.now()
    return progress.withLock { progress in
      var lag = SubscriptionLag(events: 0, oldest: .zero)
      for (index, head) in heads.enumerated() {
        let partition = index < progress.count ? progress[index] : nil
        lag.events += max(0, head.value &- (partition?.lowWater.value ?? 0))
        if let oldest = partition?.oldest { lag.oldest = max(lag.oldest, now.since(oldest)) }
      }
      return lag
    }
  }

  /// How many events it is behind by what it knows; nil before it runs, and while the source does
  /// not answer.
  public var knownLag: Int64? {
    progress.withLock { progress in
      guard !progress.isEmpty, !progress.contains(where: \.isAway) else { return nil }
      return progress.reduce(0) { $0 + max(0, $1.head.value &- $1.lowWater.value) }
    }
  }

  /// Whether all is dealt with that stood in the source when it first ran here.
  public var hasCaughtUp: Bool {
    guard let heads = firstHeads.withLock({ $0 }) else { return false }
    return progress.withLock { progress in
      zip(progress, heads).allSatisfy { $0.lowWater >= $1 }
    }
  }

  /// The low-water mark of a partition, nil before it runs.
  func lowWater(of partition: Partition) -> Position? {
    progress.withLock { progress in
      progress.indices.contains(partition.index) ? progress[partition.index].lowWater : nil
    }
  }

  func publish(_ changed: PartitionProgress, of index: Int) {
    progress.withLock { if $0.indices.contains(index) { $0[index] = changed } }
  }

  /// The source's status, and where to go on in each partition.
  private func begin() async throws(SubscriptionError) -> (SourceStatus, [Position]) {
    let status = try await patiently { () async throws(JournalError) in
      try await source.status()
    }
    let stored = try await patiently { () async throws(JournalError) in
      try await destination.cursors(of: subscriber.name)
    }
    try await findParked()
    var positions = status.heads.map { _ in Position.start }
    for cursor in stored {
      guard positions.indices.contains(cursor.partition.index) else {
        throw .partitionCount(cursor: cursor.partition, source: status.heads.count)
      }
      guard cursor.epoch == status.epoch else {
        throw .otherEpoch(cursor.partition, cursor: cursor.epoch, source: status.epoch)
      }
      let head = status.heads[cursor.partition.index]
      guard cursor.position <= head else {
        throw .cursorBeyondHead(cursor.partition, cursor: cursor.position, head: head)
      }
      positions[cursor.partition.index] = cursor.position
    }
    progress.withLock {
      $0 = zip(positions, status.heads).map { PartitionProgress(lowWater: $0, head: $1) }
    }
    firstHeads.withLock { if $0 == nil { $0 = status.heads } }
    return (status, positions)
  }

  private func findParked() async throws(SubscriptionError) {
    var after: ParkedKey?
    while true {
      let from = after
      let page = try await patiently { () async throws(JournalError) in
        try await destination.parked(for: subscriber.name, after: from, limit: 512)
      }
      for event in page { parking.add(event.orderingKey) }
      guard let last = page.last else { return }
      after = last.key
    }
  }

  /// Asks again, with growing pauses, until there is an answer or no hope of one.
  private func patiently<T: Sendable>(
    _ ask: () async throws(JournalError) -> T
  ) async throws(SubscriptionError) -> T {
    var attempt = 0
    while true {
      attempt += 1
      do throws(JournalError) { return try await ask() } catch {
        guard error.mayPass else { throw .journal(error) }
        notify(.waiting(0, error))
      }
      do { try await clock.sleep(options.backOff.delay(after: attempt)) } catch {
        throw .journal(.cancelled)
      }
    }
  }
}

extension JournalError {
  /// Whether asking again later may help.
  var mayPass: Bool {
    switch self {
    case .overloaded, .unavailable, .unknown, .corrupt, .versionConflict: true
    case .invalid, .refused, .closed, .cancelled: false
    }
  }
}
