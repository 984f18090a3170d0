import Journal

extension JournalContract {
  static let rows: [ContractCase] = [
    ContractCase("an inbox mark is stored with its events and never moves back", marks),
    ContractCase("a new stream that has taken a position does not take it again", takenTwice),
    ContractCase("an append may hold no events, only marks, cursors and deadlines", noEvents),
    ContractCase("cursors come back with position and epoch, per subscriber", cursors),
    ContractCase("deadlines are set, replaced and cleared with the append", deadlines),
    ContractCase("deadlines are listed in the order they fall due, by kind, paged", listed),
    ContractCase("the deadline signal tells of an earlier deadline", signal),
    ContractCase("parked events are listed in order, paged, and removed", parked),
    ContractCase("nothing of an append that conflicts is stored", nothing),
  ]

  private static func marks(_ harness: any JournalHarness) async throws {
    let stream = order("marked")
    let sources = [
      InboxSource(subscriber: "order.from-payment", partition: 3),
      InboxSource(subscriber: "order.from-payment", partition: 4),
      InboxSource(subscriber: "order.from-store", partition: 3),
    ]
    var first = append(["a"], to: stream)
    first.marks = [
      InboxMark(stream: stream, source: sources[0], position: 5),
      InboxMark(stream: stream, source: sources[1], position: 7),
    ]
    let journal = await harness.journal
    _ = try await journal.append(first)
    _ = try await journal.append(
      Append(marks: [
        InboxMark(stream: stream, source: sources[0], position: 4),
        InboxMark(stream: stream, source: sources[1], position: 8),
        InboxMark(stream: stream, source: sources[2], position: 1),
      ]))
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(
      Set(try await again.load(stream).marks),
      Set(
        zip(sources, [5, 8, 1]).map { source, position in
          InboxMark(stream: stream, source: source, position: position)
        }))
    try expectEqual(try await again.inboxMark(of: stream, from: sources[1]), 8)
    try expectEqual(try await again.inboxMark(of: order("other"), from: sources[1]), 0)
    try expectEqual(try await again.load(order("other")).marks, [])
  }

  private static func takenTwice(_ harness: any JournalHarness) async throws {
    let stream = order("not-yet")
    let source = InboxSource(subscriber: "order.from-payment", partition: 3)
    func taking(_ position: Position) -> Append {
      var append = append(["a"], to: stream)
      append.marks = [InboxMark(stream: stream, source: source, position: position)]
      return append
    }
    let journal = await harness.journal
    _ = try await journal.append(
      Append(marks: [InboxMark(stream: stream, source: source, position: 5)]))
    do throws(JournalError) {
      _ = try await journal.append(taking(5))
      throw JournalError.invalid("taken twice")
    } catch {
      try expectEqual(error, .versionConflict(stream: stream, expected: .none, actual: .none))
    }
    _ = try await journal.append(taking(6))
    try expectEqual(try await journal.load(stream).version, 1)
  }

  private static func noEvents(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("silent")
    let source = InboxSource(subscriber: "s", partition: 0)
    let key = DeadlineKey(stream: stream, kind: "k")
    let receipt = try await journal.append(
      Append(
        marks: [InboxMark(stream: stream, source: source, position: 1)],
        deadlines: [.set(Deadline(key: key, dueAt: WallTime(milliseconds: 1), owner: "o"))]))
    try expectEqual(receipt.streams, [])
    try expectEqual(try await journal.load(stream).version, .none)
    try expectEqual(try await journal.heads().reduce(0) { $0 + $1.value }, 0)
    // The stream still starts at its beginning.
    _ = try await journal.append(append(["first"], to: stream))
    try expectEqual(try await journal.load(stream).version, 1)
  }

  private static func cursors(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let (old, new) = (JournalEpoch("old"), JournalEpoch("new"))
    func cursor(_ name: String, _ partition: Int, _ position: Int64, _ epoch: JournalEpoch)
      -> Cursor
    {
      Cursor(
        subscriber: name, partition: Partition(partition), position: Position(position),
        epoch: epoch)
    }
    _ = try await journal.append(
      Append(cursors: [cursor("a", 1, 10, old), cursor("a", 0, 3, old), cursor("b", 0, 4, old)]))
    _ = try await journal.append(Append(cursors: [cursor("a", 1, 12, new)]))
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(
      try await again.cursors(of: "a"), [cursor("a", 0, 3, old), cursor("a", 1, 12, new)])
    try expectEqual(try await again.cursors(of: "b"), [cursor("b", 0, 4, old)])
    try expectEqual(try await again.cursors(of: "c"), [])
  }

  private static func deadline(_ id: String, _ kind: String, _ at: Int64) -> Deadline {
    Deadline(
      key: DeadlineKey(stream: order(id), kind: kind), dueAt: WallTime(milliseconds: at),
      owner: "store", payload: "p-\(id)")
  }

  private static func listed(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let rows = [
      deadline("d2", "answer", 100), deadline("d1", "answer", 200), deadline("d1", "outer", 200),
      deadline("d3", "answer", 200), deadline("d2", "outer", 300),
    ]
    _ = try await journal.append(Append(deadlines: rows.reversed().map { .set($0) }))
    var after: Deadline?
    for row in rows {
      try expectEqual(try await journal.deadlines(kind: nil, after: after, limit: 1), [row])
      after = row
    }
    try expectEqual(try await journal.deadlines(kind: nil, after: after, limit: 9), [])
    try expectEqual(try await journal.deadlines(kind: nil, after: nil, limit: 9), rows)
    let outer = rows.filter { $0.key.kind == "outer" }
    try expectEqual(try await journal.deadlines(kind: "outer", after: nil, limit: 9), outer)
    try expectEqual(
      try await journal.deadlines(kind: "outer", after: outer[0], limit: 9), [outer[1]])
    try expectEqual(try await journal.deadlines(kind: "none", after: nil, limit: 9), [])
  }

  private static func deadlines(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    try expectEqual(try await journal.nextDeadline(), nil)
    var first = append(["a"], to: order("d1"))
    first.deadlines = [.set(deadline("d1", "answer", 500)), .set(deadline("d1", "outer", 900))]
    _ = try await journal.append(first)
    _ = try await journal.append(
      Append(deadlines: [
        .set(deadline("d2", "answer", 300)), .set(deadline("d1", "answer", 200)),
        .set(deadline("d3", "answer", 100)), .clear(deadline("d3", "answer", 0).key),
        .clear(DeadlineKey(stream: order("unknown"), kind: "answer")),
      ]))
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(try await again.nextDeadline(), deadline("d1", "answer", 200))
    try expectEqual(
      try await again.dueDeadlines(at: WallTime(milliseconds: 300), limit: 10),
      [deadline("d1", "answer", 200), deadline("d2", "answer", 300)])
    try expectEqual(
      try await again.dueDeadlines(at: WallTime(milliseconds: 9999), limit: 1).count, 1)
    // Only the deadline that was due, not one set anew meanwhile.
    let key = deadline("d2", "answer", 0).key
    _ = try await again.append(
      Append(deadlines: [.clearDue(key, at: WallTime(milliseconds: 299))]))
    try expectEqual(try await again.deadlines(of: order("d2")).count, 1)
    _ = try await again.append(
      Append(deadlines: [
        .clearDue(key, at: WallTime(milliseconds: 300)), .clear(deadline("d1", "answer", 0).key),
        .clear(deadline("d1", "outer", 0).key),
      ]))
    try expectEqual(try await again.nextDeadline(), nil)
    try expectEqual(try await again.deadlines(of: order("d1")), [])
  }

  private static func signal(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let signal = journal.deadlineSignal
    let watch = signal.watch()
    signal.reset(watch)
    async let woken: Void = signal.wait(watch, earlierThan: WallTime(milliseconds: 100))
    for time in [200, 100, 50] as [Int64] {
      let key = DeadlineKey(stream: order("s\(time)"), kind: "k")
      _ = try await journal.append(
        Append(deadlines: [
          .set(Deadline(key: key, dueAt: WallTime(milliseconds: time), owner: "o"))
        ]))
    }
    try await woken
    signal.unwatch(watch)
  }

  private static func parked(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    func event(_ subscriber: String, _ partition: Int, _ position: Int64) -> ParkedEvent {
      ParkedEvent(
        key: ParkedKey(
          subscriber: subscriber, partition: Partition(partition), position: Position(position)),
        source: "order", stream: order("p\(position)"), orderingKey: "p\(position)",
        type: "baedal.test.v1.Noted", reason: "독", attempts: 3,
        parkedAt: WallTime(milliseconds: 77))
    }
    let all = [event("a", 0, 2), event("a", 0, 9), event("a", 1, 1), event("b", 0, 1)]
    _ = try await journal.append(Append(parked: all.reversed().map { .put($0) }))
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(try await again.parked(for: nil, after: nil, limit: 10), all)
    try expectEqual(try await again.parked(for: "a", after: nil, limit: 2), Array(all[..<2]))
    try expectEqual(
      try await again.parked(for: "a", after: all[1].key, limit: 10), [all[2]])
    try expectEqual(try await again.parked(for: nil, after: all[2].key, limit: 10), [all[3]])
    try expectEqual(try await again.parkedEvent(all[1].key), all[1])
    _ = try await again.append(Append(parked: [.remove(all[1].key), .remove(all[0].key)]))
    try expectEqual(try await again.parkedEvent(all[1].key), nil)
    try expectEqual(try await again.parked(for: "a", after: nil, limit: 10), [all[2]])
  }

  private static func nothing(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    var late = append(["x"], to: order("n"), at: 5)
    let key = DeadlineKey(stream: order("n"), kind: "k")
    late.deadlines = [.set(Deadline(key: key, dueAt: WallTime(milliseconds: 1), owner: "o"))]
    late.cursors = [Cursor(subscriber: "s", partition: 0, position: 1, epoch: journal.epoch)]
    let toAppend = late
    _ = try await failure { () async throws(JournalError) in try await journal.append(toAppend) }
    try expectEqual(try await journal.nextDeadline(), nil)
    try expectEqual(try await journal.cursors(of: "s"), [])
  }
}
