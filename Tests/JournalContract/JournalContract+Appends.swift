import Journal

extension JournalContract {
  static let appends: [ContractCase] = [
    ContractCase("what was appended is read back, field by field", readsBack),
    ContractCase("an append to several streams is one whole", severalStreams),
    ContractCase("a conflict on one stream leaves the others of its append alone", atomicConflict),
    ContractCase("a conflict fails its append alone, others of the group go through", lonely),
    ContractCase("of many who race for one version, exactly one wins", race),
    ContractCase("positions are dense per partition, whoever appends at the same time", dense),
    ContractCase("an entry without events checks the version and adds nothing", versionCheck),
    ContractCase("a request that no journal can store is refused as invalid", invalid),
    ContractCase("streams of one id lie on one partition, whatever their category", samePartition),
    ContractCase("everything is still there when the journal is opened again", reopened),
    ContractCase("a wait ends with the event it waits for, and not before", wait),
    ContractCase("a cancelled wait ends at once and leaves nothing behind", cancelledWait),
    ContractCase("a page of a stream or a partition begins where it is asked to", pages),
  ]

  private static func readsBack(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("주문-1")
    let new = NewEvent(
      id: EventID("an id of its own"), type: "baedal.order.v1.OrderPlaced",
      payload: [0, 255, 7, 0],
      metadata: EventMetadata(
        correlationID: "course", causationID: "tap",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
    let usual = NewEvent(
      id: EventID("order/주문-1/2"), type: "baedal.order.v1.OrderAccepted", payload: [],
      metadata: EventMetadata(correlationID: "주문-1", causationID: ""))
    let receipt = try await journal.append(Append(to: stream, expecting: 0, [new, usual]))
    let partition = stream.partition(of: journal.partitionCount)
    try expectEqual(
      receipt.streams,
      [StreamReceipt(stream: stream, partition: partition, lastPosition: 2, version: 2)])
    try await harness.reopen()
    let again = await harness.journal
    let events = try await again.load(stream).events
    let wanted = [new, usual].enumerated().map { at, new in
      RecordedEvent(
        partition: partition, position: Position(Int64(at + 1)), stream: stream,
        version: StreamVersion(Int64(at + 1)), id: new.id, type: new.type, payload: new.payload,
        metadata: new.metadata, recordedAt: receipt.recordedAt)
    }
    try expectEqual(events, wanted)
    try expectEqual(try await again.read(partition: partition, after: 0, limit: 10), wanted)
  }

  private static func severalStreams(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let streams = (0..<20).map { order("several-\($0)") }
    let receipt = try await journal.append(
      Append(
        streams: streams.map {
          StreamAppend(stream: $0, expectedVersion: 0, events: [event("a", of: $0)])
        }))
    try expectEqual(receipt.streams.map(\.stream), streams)
    for stream in streams {
      try expectEqual(try await journal.load(stream).events.map(\.text), ["a"])
    }
  }

  private static func atomicConflict(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let (first, second) = (order("atomic-1"), order("atomic-2"))
    _ = try await journal.append(append(["before"], to: second))
    var both = append(["x"], to: first)
    both.streams.append(
      StreamAppend(stream: second, expectedVersion: 0, events: [event("y", of: second)]))
    both.marks = [
      InboxMark(stream: first, source: InboxSource(subscriber: "s", partition: 0), position: 9)
    ]
    let toAppend = both
    let error = try await failure { () async throws(JournalError) in
      try await journal.append(toAppend)
    }
    try expectEqual(error, .versionConflict(stream: second, expected: 0, actual: 1))
    try expectEqual(try await journal.load(first), LoadedStream())
    try expectEqual(try await journal.load(second).events.map(\.text), ["before"])
  }

  private static func lonely(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    _ = try await journal.append(append(["0"], to: order("taken")))
    let conflicts = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<40 {
        group.addTask {
          let stream = number % 4 == 0 ? order("taken") : order("free-\(number)")
          do throws(JournalError) {
            _ = try await journal.append(append(["1"], to: stream))
            return false
          } catch {
            return error == .versionConflict(stream: order("taken"), expected: 0, actual: 1)
          }
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    try expectEqual(conflicts, 10)
    for number in 0..<40 where number % 4 != 0 {
      try expectEqual(try await journal.load(order("free-\(number)")).version, 1)
    }
  }

  private static func race(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("race")
    for round in 0..<10 {
      let winners = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<16 {
          group.addTask {
            let version = StreamVersion(Int64(round))
            let attempt = append(["\(round)-\(number)"], to: stream, at: version)
            return (try? await journal.append(attempt)) != nil
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      try expectEqual(winners, 1)
    }
    try expectEqual(try await journal.load(stream).version, 10)
  }

  private static func dense(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<50 {
        group.addTask {
          let stream = order("dense-\(number)")
          for version in 0..<8 {
            _ = try? await journal.append(
              append(["e"], to: stream, at: StreamVersion(Int64(version))))
          }
        }
      }
    }
    let heads = try await journal.heads()
    try expectEqual(heads.reduce(0) { $0 + $1.value }, 400)
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(try await again.heads(), heads)
    for (index, head) in heads.enumerated() {
      let events = try await again.read(partition: Partition(index), after: 0, limit: 1000)
      try expectEqual(
        events.map(\.position.value),
        Array(1...max(1, head.value)).filter { _ in
          head.value > 0
        })
      try expect(
        events.allSatisfy { $0.stream.partition(of: again.partitionCount) == Partition(index) },
        "an event on the wrong partition")
    }
  }

  private static func versionCheck(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("check")
    _ = try await journal.append(append(["a", "b"], to: stream))
    let receipt = try await journal.append(append([], to: stream, at: 2))
    try expectEqual(receipt.streams.first?.version, 2)
    let error = try await failure { () async throws(JournalError) in
      try await journal.append(append([], to: stream, at: 1))
    }
    try expectEqual(error, .versionConflict(stream: stream, expected: 1, actual: 2))
  }

  private static func invalid(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let twice = StreamAppend(stream: order("twice"), expectedVersion: 0, events: [])
    let untyped = NewEvent(
      id: EventID("1"), type: "", payload: [],
      metadata: EventMetadata(correlationID: "", causationID: ""))
    let large = NewEvent(
      id: EventID("1"), type: "t", payload: [UInt8](repeating: 1, count: 1024 * 1024 + 1),
      metadata: EventMetadata(correlationID: "", causationID: ""))
    let requests = [
      append(["a"], to: StreamKey(category: "", id: "1")),
      append(["a"], to: StreamKey(category: "a/b", id: "1")),
      append(["a"], to: StreamKey(category: "order", id: "")),
      append(["a"], to: order("nul\u{0}")),
      append(["a"], to: order(String(repeating: "x", count: 1025))),
      append(["a"], to: order("negative"), at: -1),
      Append(streams: [twice, twice]),
      Append(to: order("untyped"), expecting: 0, [untyped]),
      Append(to: order("large"), expecting: 0, [large]),
    ]
    for request in requests {
      let error = try await failure { () async throws(JournalError) in
        try await journal.append(request)
      }
      guard case .invalid = error else {
        throw ContractViolation(description: "\(error) instead of invalid")
      }
    }
    try expectEqual(try await journal.heads().reduce(0) { $0 + $1.value }, 0)
  }

  private static func samePartition(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    for id in ["1", "order-77", "한글"] {
      let receipt = try await journal.append(
        Append(
          streams: ["order", "payment", "ticket"].map { category in
            let stream = StreamKey(category: category, id: id)
            return StreamAppend(
              stream: stream, expectedVersion: 0, events: [event("x", of: stream)])
          }))
      try expectEqual(Set(receipt.streams.map(\.partition)).count, 1)
    }
  }

  private static func reopened(_ harness: any JournalHarness) async throws {
    let epoch = await harness.journal.epoch
    let stream = order("again")
    for version in 0..<5 {
      let journal = await harness.journal
      _ = try await journal.append(
        append(["\(version)"], to: stream, at: StreamVersion(Int64(version))))
      try await harness.reopen()
    }
    let journal = await harness.journal
    try expectEqual(journal.epoch, epoch)
    try expectEqual(try await journal.load(stream).events.map(\.text), ["0", "1", "2", "3", "4"])
    try expectEqual(try await journal.load(stream).events.map(\.version.value), [1, 2, 3, 4, 5])
  }

  private static func wait(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("waited-for")
    let partition = stream.partition(of: journal.partitionCount)
    async let seen: [RecordedEvent] = {
      var after = Position.start
      var events: [RecordedEvent] = []
      var heads = Array(repeating: Position.start, count: journal.partitionCount)
      while events.count < 20 {
        heads[partition.index] = after
        let reached = try await journal.waitForChange(after: heads)
        try expect(reached[partition.index] > after, "woken without a change")
        let page = try await journal.read(partition: partition, after: after, limit: 3)
        try expect(!page.isEmpty, "woken without an event")
        events += page
        after = events.last?.position ?? after
      }
      return events
    }()
    for version in 0..<20 {
      _ = try await journal.append(
        append(["\(version)"], to: stream, at: StreamVersion(Int64(version))))
    }
    try expectEqual(try await seen.map(\.text), (0..<20).map { "\($0)" })
  }

  private static func cancelledWait(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let outcome = await withTaskGroup(of: JournalError?.self) { group in
      group.addTask {
        let heads = Array(repeating: Position.start, count: journal.partitionCount)
        do throws(JournalError) { _ = try await journal.waitForChange(after: heads) } catch {
          return error
        }
        return nil
      }
      while await harness.waiters == 0 { await Task.yield() }
      group.cancelAll()
      return await group.next() ?? nil
    }
    try expectEqual(outcome, .cancelled)
    try expectEqual(await harness.waiters, 0)
  }

  private static func pages(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("paged")
    _ = try await journal.append(append((1...10).map { "\($0)" }, to: stream))
    let partition = stream.partition(of: journal.partitionCount)
    try expectEqual(
      try await journal.read(stream: stream, from: 4, limit: 3).map(\.text), ["4", "5", "6"])
    try expectEqual(try await journal.read(stream: stream, from: 11, limit: 3).count, 0)
    try expectEqual(try await journal.read(stream: order("none"), from: 1, limit: 3).count, 0)
    try expectEqual(
      try await journal.read(partition: partition, after: 7, limit: 2).map(\.text), ["8", "9"])
    try expectEqual(try await journal.read(partition: partition, after: 10, limit: 2).count, 0)
    try expectEqual(try await journal.read(partition: partition, after: 99, limit: 2).count, 0)
    try expectEqual(try await journal.read(partition: partition, after: 0, limit: 0).count, 0)
  }
}
