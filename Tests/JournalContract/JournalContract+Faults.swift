import Journal

extension JournalContract {
  static let faults: [ContractCase] = [
    ContractCase("a flipped bit is named by stream and position, and never served", flippedBit),
    ContractCase("appends that wait together share one commit", groups),
    ContractCase("a full disk refuses appends, loses nothing, and works again after", fullDisk),
  ]

  private static func flippedBit(_ harness: any JournalHarness) async throws {
    let (broken, sound) = (order("broken"), order("sound"))
    var journal = await harness.journal
    _ = try await journal.append(append(["one-long-text", "two-long-text"], to: broken))
    _ = try await journal.append(append(["three-long-text"], to: sound))
    let partition = broken.partition(of: journal.partitionCount)
    try await harness.flipBit(partition, 2)
    journal = await harness.journal
    let reopened = journal
    let errors = [
      try await failure { () async throws(JournalError) in try await reopened.load(broken) },
      try await failure { () async throws(JournalError) in
        try await reopened.read(partition: partition, after: 1, limit: 10)
      },
    ]
    // What stands before it comes without it.
    let before = try await reopened.read(partition: partition, after: 0, limit: 10)
    try expectEqual(before.map(\.text), ["one-long-text"])
    for error in errors {
      guard case .corrupt(let corruption) = error else {
        throw ContractViolation(description: "\(error) instead of corrupt")
      }
      try expectEqual(corruption.stream, broken)
      try expectEqual(corruption.version, 2)
      try expectEqual(corruption.partition, partition)
      try expectEqual(corruption.position, 2)
      try expect(!corruption.file.isEmpty, "no file named")
    }
    // Other orders are not held up, and what is sound of the broken one can be read.
    try expectEqual(try await reopened.load(sound).events.map(\.text), ["three-long-text"])
    try expectEqual(
      try await reopened.read(stream: broken, from: 1, limit: 1).map(\.text), ["one-long-text"])
    _ = try await reopened.append(append(["four"], to: sound, at: 1))
  }

  private static func groups(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let before = await harness.groupCommits
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<400 {
        group.addTask { _ = try? await journal.append(append(["g"], to: order("g\(number)"))) }
      }
    }
    try expectEqual(try await journal.heads().reduce(0) { $0 + $1.value }, 400)
    let commits = await harness.groupCommits - before
    try expect(commits < 200, "\(commits) commits for 400 appends at once")
  }

  private static func fullDisk(_ harness: any JournalHarness) async throws {
    let journal = await harness.journal
    let stream = order("room")
    _ = try await journal.append(append(["kept"], to: stream))
    try await harness.fillStorage()
    let large = NewEvent(
      id: EventID("large"), type: "baedal.test.v1.Noted",
      payload: [UInt8](repeating: 1, count: 500_000),
      metadata: EventMetadata(correlationID: "c", causationID: "c"))
    let error = try await failure { () async throws(JournalError) in
      try await journal.append(Append(to: order("large"), expecting: 0, [large]))
    }
    guard case .unavailable = error else {
      throw ContractViolation(description: "\(error) instead of unavailable")
    }
    try expectEqual(try await journal.load(stream).events.map(\.text), ["kept"])
    try expectEqual(try await journal.load(order("large")).version, .none)
    try await harness.freeStorage()
    _ = try await journal.append(Append(to: order("large"), expecting: 0, [large]))
    _ = try await journal.append(append(["after"], to: stream, at: 1))
    try await harness.reopen()
    let again = await harness.journal
    try expectEqual(try await again.load(stream).events.map(\.text), ["kept", "after"])
    try expectEqual(try await again.load(order("large")).version, 1)
  }
}
