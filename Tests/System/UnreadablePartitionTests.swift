import Journal
import JournalSQLite
import Synchronization
import Testing

extension SystemTests {
  @Suite("A journal of which a partition cannot be read to its end")
  struct UnreadablePartitionTests {
    private static let partitions = 4

    @Test("holds up no view with its other partitions")
    func others() async throws {
      let site = try Site()
      var options = SQLiteJournalOptions(path: "\(site.folder)/order.db", name: "order")
      options.partitionCount = Self.partitions
      // Everything is read from the file.
      options.tailLimits.eventsMax = 0
      let journal = try await SQLiteJournal.open(
        options, now: { WallTime(milliseconds: 1) }, newEpoch: { JournalEpoch("e") })
      for index in 0..<Self.partitions { try await note(0..<100, Partition(index), journal) }
      try await journal.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      // Where the first partition ends, so that nobody can tell what is missing.
      try erasePages(holding: "note 0/99;", in: options.path)

      let counts = Counts()
      let clock = JournalClock(
        now: { WallTime(milliseconds: 1) }, sleep: { try await Task.sleep(for: $0) })
      let projection = Projection("notes", from: journal, into: counts, clock: clock)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await projection.run() }
        try await until("events of the last partition") { counts.of(3) == 100 }
        try await note(100..<101, 3, journal)
        try await until("what came later") { counts.of(3) == 101 }
        #expect(counts.of(2) == 100)
        #expect(counts.of(0) < 100)
        #expect(projection.knownLag == 0)
        #expect(try await projection.lag().events > 0)
        group.cancelAll()
      }
      await journal.close()
    }

    /// Appends to the one stream of a partition.
    private func note(
      _ numbers: Range<Int>, _ partition: Partition, _ journal: SQLiteJournal
    ) async throws {
      let id = try #require(
        (0..<100).map { "\($0)" }.first {
          Partition.holding(id: $0, of: Self.partitions) == partition
        })
      let padding = [UInt8](repeating: 120, count: 200)
      let events = numbers.map { number in
        NewEvent(
          id: EventID("\(partition)/\(number)"), type: "test.Noted",
          payload: Array("note \(partition)/\(number);".utf8) + padding,
          metadata: EventMetadata(correlationID: id, causationID: "test"))
      }
      _ = try await journal.append(
        Append(
          to: StreamKey(category: "order", id: id),
          expecting: StreamVersion(Int64(numbers.lowerBound)), events))
    }
  }

  /// Counts events by partition.
  private final class Counts: ProjectionStore {
    let restarts = StoreRestarts()
    private let counts = Mutex<[Partition: Int]>([:])

    func of(_ partition: Partition) -> Int { counts.withLock { $0[partition, default: 0] } }

    func cursors(
      of view: String, from source: String
    ) async throws(ProjectionFailure) -> [Cursor] { [] }

    func apply(_ batch: ProjectionBatch) async throws(ProjectionFailure) {
      counts.withLock { counts in
        for event in batch.events { counts[event.partition, default: 0] += 1 }
      }
    }
  }
}
