import Journal
import SQLite

/// What became of the appends of one transaction.
struct CommittedGroup {
  /// Whose outcomes these are.
  var appends: [WaitingAppend]
  var outcomes: [Result<AppendReceipt, JournalError>] = []
  /// Those to be written without the others, who have come upon damage.
  var left: [WaitingAppend] = []
  var events: [RecordedEvent] = []
  var earliestDeadline: WallTime?
  var conflicts = 0
  /// The storage has failed: nothing was written, or it is not known.
  var hasFailed = false
  /// Set when the database must be closed and opened again before it is used.
  var damage: Damage?

  enum Damage: Equatable {
    /// Nothing of the transaction is there.
    case beforeCommit
    /// Out of room while committing.
    case fullAtCommit
    /// Anything else went wrong while committing.
    case atCommit
  }

  /// What somebody was told whose append could not be written.
  var firstTrouble: String {
    for case .failure(let error) in outcomes {
      if case .versionConflict = error { continue }
      return "\(error)"
    }
    return "the storage has failed"
  }
}

extension WriterDatabase {
  /// Writes as many of the appends as do not conflict, in one transaction synced to disk.
  func commit(_ appends: [WaitingAppend], at time: WallTime) -> CommittedGroup {
    var group = CommittedGroup(appends: appends)
    let headsBefore = heads
    group.outcomes.reserveCapacity(appends.count)
    do throws(SQLiteError) {
      try statements.begin.run()
      for waiting in appends {
        group.outcomes.append(try apply(waiting.append, at: time, to: &group))
      }
    } catch {
      // Before COMMIT nothing is in the log: the outcome is certain.
      let undone = (try? statements.rollback.run()) != nil || connection.isAutocommit
      heads = headsBefore
      forgetHeads()
      let failure = JournalError(error, file: file)
      guard error.isCorruption else {
        let usable = undone && error.primaryCode != Self.deviceError
        return .failed(failure, appends, damage: usable ? nil : .beforeCommit)
      }
      // The append at work has led there; the others share its transaction, not its fate.
      var left = appends
      let culprit = left.remove(at: group.outcomes.count)
      var failed = CommittedGroup.failed(failure, [culprit], damage: .beforeCommit)
      failed.left = left
      return failed
    }
    do throws(SQLiteError) { try statements.commit.run() } catch {
      return .failed(
        .unknown("\(file): \(error)"), appends,
        damage: error.primaryCode == Self.full ? .fullAtCommit : .atCommit)
    }
    return group
  }

  static var full: Int32 { 13 }
  private static var deviceError: Int32 { 10 }

  private func apply(
    _ append: Append, at time: WallTime, to group: inout CommittedGroup
  ) throws(SQLiteError) -> Result<AppendReceipt, JournalError> {
    var found: [StreamHead] = []
    found.reserveCapacity(append.streams.count)
    for entry in append.streams {
      let head = try head(of: entry.stream)
      guard head.version == entry.expectedVersion else {
        group.conflicts += 1
        return .failure(
          .versionConflict(
            stream: entry.stream, expected: entry.expectedVersion, actual: head.version))
      }
      if head.version == .none, head.number != 0, try isTaken(append, by: entry.stream, head) {
        group.conflicts += 1
        return .failure(
          .versionConflict(stream: entry.stream, expected: .none, actual: .none))
      }
      found.append(head)
    }
    for entry in append.streams where !entry.events.isEmpty {
      if let damage = damagedEnds[entry.stream.partition(of: heads.count).index] {
        return .failure(JournalError(damage, file: file))
      }
    }
    var receipts: [StreamReceipt] = []
    receipts.reserveCapacity(append.streams.count)
    for (entry, head) in zip(append.streams, found) {
      receipts.append(try add(entry, to: head, at: time, into: &group.events))
    }
    for mark in append.marks { try add(mark) }
    for cursor in append.cursors { try add(cursor) }
    for change in append.deadlines { try apply(change) }
    for change in append.parked { try apply(change) }
    group.earliestDeadline = append.earliestDeadline(before: group.earliestDeadline)
    return .success(AppendReceipt(streams: receipts, recordedAt: time))
  }

  private func add(
    _ entry: StreamAppend, to head: StreamHead, at time: WallTime,
    into events: inout [RecordedEvent]
  ) throws(SQLiteError) -> StreamReceipt {
    let partition = entry.stream.partition(of: heads.count)
    if !entry.events.isEmpty {
      if head.number == 0 { head.number = try addStream(entry.stream) }
      for event in entry.events {
        head.version = head.version.advanced(by: 1)
        heads[partition.index] = heads[partition.index].next
        let row = RecordedEvent(
          partition: partition, position: heads[partition.index], stream: entry.stream,
          version: head.version, id: event.id, type: event.type, payload: event.payload,
          metadata: event.metadata, recordedAt: time)
        EventRow.bind(row, ofStream: head.number, to: statements.addEvent)
        try statements.addEvent.run()
        events.append(row)
      }
    }
    return StreamReceipt(
      stream: entry.stream, partition: partition, lastPosition: heads[partition.index],
      version: head.version)
  }

  private func addStream(_ stream: StreamKey) throws(SQLiteError) -> Int64 {
    statements.addStream.bind(1, stream.id)
    statements.addStream.bind(2, stream.category)
    try statements.addStream.run()
    return connection.lastInsertedRow
  }

  /// The number of a stream that is about to get a mark or a deadline.
  private func number(of stream: StreamKey) throws(SQLiteError) -> Int64 {
    let head = try head(of: stream)
    if head.number == 0 { head.number = try addStream(stream) }
    return head.number
  }

  /// Whether a stream that has no event yet has taken what the append marks: only then can its
  /// version not tell.
  private func isTaken(
    _ append: Append, by stream: StreamKey, _ head: StreamHead
  ) throws(SQLiteError) -> Bool {
    for mark in append.marks where mark.stream == stream {
      statements.findMark.bind(1, head.number)
      statements.findMark.bind(2, mark.source.text)
      guard try statements.findMark.step() else { continue }
      defer { statements.findMark.reset() }
      if statements.findMark.integer(0) >= mark.position.value { return true }
    }
    return false
  }

  private func add(_ mark: InboxMark) throws(SQLiteError) {
    let statement = statements.addMark
    statement.bind(1, try number(of: mark.stream))
    statement.bind(2, mark.source.text)
    statement.bind(3, mark.position.value)
    statement.bind(4, RowChecksum.of(mark))
    try statement.run()
  }

  private func add(_ cursor: Cursor) throws(SQLiteError) {
    let statement = statements.addCursor
    statement.bind(1, cursor.subscriber)
    statement.bind(2, Int64(cursor.partition.index))
    statement.bind(3, cursor.position.value)
    statement.bind(4, cursor.epoch.text)
    statement.bind(5, RowChecksum.of(cursor))
    try statement.run()
  }

  private func apply(_ change: DeadlineChange) throws(SQLiteError) {
    switch change {
    case .set(let deadline):
      let statement = statements.setDeadline
      statement.bind(1, try number(of: deadline.key.stream))
      statement.bind(2, deadline.key.kind)
      statement.bind(3, deadline.dueAt.milliseconds)
      statement.bind(4, deadline.owner)
      statement.bind(5, deadline.payload)
      statement.bind(6, RowChecksum.of(deadline))
      try statement.run()
    case .clear(let key):
      try clear(key, with: statements.clearDeadline)
    case .clearDue(let key, at: let time):
      statements.clearDueDeadline.bind(3, time.milliseconds)
      try clear(key, with: statements.clearDueDeadline)
    }
  }

  private func clear(_ key: DeadlineKey, with statement: Statement) throws(SQLiteError) {
    let number = try head(of: key.stream).number
    guard number != 0 else { return }
    statement.bind(1, number)
    statement.bind(2, key.kind)
    try statement.run()
  }

  private func apply(_ change: ParkedChange) throws(SQLiteError) {
    switch change {
    case .put(let event):
      let statement = statements.park
      statement.bind(1, event.key.subscriber)
      statement.bind(2, Int64(event.key.partition.index))
      statement.bind(3, event.key.position.value)
      statement.bind(4, event.source)
      statement.bind(5, event.stream.category)
      statement.bind(6, event.stream.id)
      statement.bind(7, event.orderingKey)
      statement.bind(8, event.type)
      statement.bind(9, event.reason)
      statement.bind(10, Int64(event.attempts))
      statement.bind(11, event.parkedAt.milliseconds)
      statement.bind(12, RowChecksum.of(event))
      try statement.run()
    case .remove(let key):
      statements.unpark.bind(1, key.subscriber)
      statements.unpark.bind(2, Int64(key.partition.index))
      statements.unpark.bind(3, key.position.value)
      try statements.unpark.run()
    }
  }
}

extension CommittedGroup {
  fileprivate static func failed(
    _ error: JournalError, _ appends: [WaitingAppend], damage: Damage?
  ) -> CommittedGroup {
    var group = CommittedGroup(appends: appends)
    group.outcomes = Array(repeating: .failure(error), count: appends.count)
    group.hasFailed = true
    group.damage = damage
    return group
  }
}
