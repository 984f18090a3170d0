import Journal

/// A service's journal on a disk of the simulated world: flushed when the seed says so, now and then
/// refusing, now and then leaving the appender in doubt.
final class SimulatedJournal: Journal, @unchecked Sendable {
  // Unchecked: it belongs to the scheduler's thread.
  let base: MemoryJournal
  private let world: World
  private let chance: Chance
  /// The bug is planted here.
  private let acknowledgesTooEarly: Bool
  /// Its disk does not say whether it has written anything.
  var isDoubtful = false
  private var isFlushScheduled = false
  /// Goes up with every crash, so that a flush scheduled before does not happen after it.
  private var crashes = 0

  init(_ name: String, _ world: World, now: @escaping @Sendable () -> WallTime) {
    self.world = world
    chance = Chance(seed: world.seed, "journal \(name)")
    var options = MemoryJournal.Options()
    options.partitionCount = world.partitionCount
    options.flush = .manual
    acknowledgesTooEarly = world.plant == .acknowledgedBeforeFlush && name == "order"
    options.acknowledgeBeforeFlush = acknowledgesTooEarly
    options.onCommit = { [unowned world] events in world.committed(events, in: name) }
    base = MemoryJournal(name: name, epoch: JournalEpoch("\(name)-1"), options: options, now: now)
  }

  func append(_ append: Append) async throws(JournalError) -> AppendReceipt {
    let append = world.plant?.changed(append, in: name) ?? append
    if chance.perMille(world.faults.refusedAppendPerMille) {
      throw .unavailable("the disk is full for a moment")
    }
    scheduleFlush()
    if isDoubtful || chance.perMille(world.faults.unknownAppendPerMille) {
      guard chance.perMille(500) else { throw .unknown("it was lost on the way to the disk") }
      _ = try await base.append(append)
      throw .unknown("the disk did not say")
    }
    return try await base.append(append)
  }

  private func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    let isSlow = chance.perMille(world.faults.slowFlushPerMille)
    var wait = isSlow ? .milliseconds(400) : chance.duration(world.faults.flush)
    // Long enough for a crash to fall into it.
    if acknowledgesTooEarly { wait = .seconds(20) }
    let crashes = crashes
    world.scheduler.after(wait) { [self] in
      guard self.crashes == crashes else { return }
      isFlushScheduled = false
      base.flush()
    }
  }

  /// The machine loses its power.
  func crash() {
    crashes += 1
    isFlushScheduled = false
    base.crash()
  }

  var name: String { base.name }
  var partitionCount: Int { base.partitionCount }
  var epoch: JournalEpoch { base.epoch }
  var deadlineSignal: DeadlineSignal { base.deadlineSignal }
}

extension SimulatedJournal {
  func status() async throws(JournalError) -> SourceStatus { try await base.status() }

  func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    let events = try await base.read(partition: partition, after: position, limit: limit)
    return world.plant?.read(events, from: name) ?? events
  }

  func waitForChange(after heads: [Position]) async throws(JournalError) -> [Position] {
    try await base.waitForChange(after: heads)
  }

  func load(_ stream: StreamKey) async throws(JournalError) -> LoadedStream {
    try await base.load(stream)
  }

  func read(
    stream: StreamKey, from version: StreamVersion, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await base.read(stream: stream, from: version, limit: limit)
  }

  func inboxMark(
    of stream: StreamKey, from source: InboxSource
  ) async throws(JournalError) -> Position {
    try await base.inboxMark(of: stream, from: source)
  }

  func cursors(of subscriber: String) async throws(JournalError) -> [Cursor] {
    try await base.cursors(of: subscriber)
  }

  func dueDeadlines(at time: WallTime, limit: Int) async throws(JournalError) -> [Deadline] {
    try await base.dueDeadlines(at: time, limit: limit)
  }

  func nextDeadline(after time: WallTime?) async throws(JournalError) -> Deadline? {
    try await base.nextDeadline(after: time)
  }

  func deadlines(
    kind: String?, after deadline: Deadline?, limit: Int
  ) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(kind: kind, after: deadline, limit: limit)
  }

  func deadlines(of stream: StreamKey) async throws(JournalError) -> [Deadline] {
    try await base.deadlines(of: stream)
  }

  func parked(
    for subscriber: String?, after key: ParkedKey?, limit: Int
  ) async throws(JournalError) -> [ParkedEvent] {
    try await base.parked(for: subscriber, after: key, limit: limit)
  }

  func parkedEvent(_ key: ParkedKey) async throws(JournalError) -> ParkedEvent? {
    try await base.parkedEvent(key)
  }
}
