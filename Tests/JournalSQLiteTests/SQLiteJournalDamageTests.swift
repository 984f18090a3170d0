import Journal
import JournalContract
import JournalSQLite
import Testing

/// Bits flipped in the file, where SQLite itself stumbles over them and no checksum is reached.
@Suite("Damage in the file of a journal in SQLite", .timeLimit(.minutes(1)))
struct SQLiteJournalDamageTests {
  /// What of a row is damaged.
  enum Flaw: CaseIterable, Sendable {
    case header, overflow
  }

  private let directory: TemporaryDirectory
  private let options: SQLiteJournalOptions

  init() throws {
    directory = try TemporaryDirectory()
    var options = SQLiteJournalOptions(path: directory.file("order.db"), name: "order")
    options.idleCheckpointMilliseconds = 600_000
    // Everything is read from the file.
    options.tailLimits.eventsMax = 0
    self.options = options
  }

  @Test(
    "a row that cannot be decoded holds up none before it and none behind it",
    arguments: Flaw.allCases)
  func row(_ flaw: Flaw) async throws {
    let journal = try await openJournal(options)
    var events = append(["1", "2", "3", "4", "5"], to: stream(on: 1))
    events.streams[0].events[2].payload += [UInt8](repeating: 120, count: 20_000)
    _ = try await journal.append(events)
    _ = try await journal.append(append(["1"], to: stream(on: 2)))
    await journal.close()
    let file = try DatabaseFile(options.path)
    let row = try file.event(1, 3)
    switch flaw {
    case .header: try file.flip(0x40, at: row.record)
    case .overflow: try file.flip(0x40, at: file.overflow(of: row))
    }
    let again = try await openJournal(options)
    let before = try await again.read(partition: 1, after: 0, limit: 10)
    #expect(before.map(\.position) == [1, 2])
    let damage = try await damage(in: again, 1, after: 2)
    #expect(damage.partition == 1)
    #expect(damage.position == 3)
    let behind = try await again.read(partition: 1, after: 3, limit: 10)
    #expect(behind.map(\.position) == [4, 5])
    #expect(try await again.read(partition: 2, after: 0, limit: 10).count == 1)
    await again.close()
  }

  @Test("of a page that cannot be read each event is named, and those behind it are read")
  func page() async throws {
    let journal = try await openJournal(options)
    _ = try await journal.append(padded(60, to: stream(on: 1)))
    _ = try await journal.append(padded(60, to: stream(on: 2)))
    await journal.close()
    let file = try DatabaseFile(options.path)
    let page = try file.event(1, 30).page
    let lost = try positions(60).filter { try file.event(1, $0).page == page }
    #expect((2...59).contains(lost.count))
    try file.flip(0x01, at: page)
    let again = try await openJournal(options)
    let followed = try await follow(again, 1, upTo: 60)
    #expect(followed.damaged == lost)
    #expect(followed.read == positions(60).filter { !lost.contains($0) })
    #expect(try await follow(again, 2, upTo: 60).read == positions(60))
    await again.close()
  }

  @Test("an append that comes upon damage fails alone, and those of its group are written")
  func culprit() async throws {
    let orders = (1000..<1200).map { order("\($0)-" + String(repeating: "x", count: 100)) }
    let journal = try await openJournal(options)
    for first in stride(from: 0, to: orders.count, by: 50) {
      let entries = orders[first..<(first + 50)].map {
        StreamAppend(stream: $0, expectedVersion: 0, events: [event("1", of: $0)])
      }
      _ = try await journal.append(Append(streams: entries))
    }
    await journal.close()
    let file = try DatabaseFile(options.path)
    try file.flip(0x01, at: try file.page(.ofIndex, holding: orders[100].id))

    let gate = try Gate()
    var gated = options
    gated.committed = { _ in gate.pass() }
    let again = try await openJournal(gated)
    async let first = again.append(append(["2"], to: orders[0], at: 1))
    await until { gate.isReached }
    let group = [1, 2, 3, 100, 198, 199]
    let failures = await withTaskGroup(of: (Int, JournalError?).self) { tasks in
      for number in group {
        tasks.addTask {
          do throws(JournalError) {
            _ = try await again.append(append(["2"], to: orders[number], at: 1))
          } catch { return (number, error) }
          return (number, nil)
        }
      }
      await until { again.waitingAppends == group.count }
      gate.open()
      return await tasks.reduce(into: [Int: JournalError]()) { $0[$1.0] = $1.1 }
    }
    _ = try await first
    #expect(Array(failures.keys) == [100])
    guard case .corrupt? = failures[100] else {
      Issue.record("\(failures)")
      return
    }
    for number in group where number != 100 {
      #expect(try await again.load(orders[number]).version == 2)
    }
    #expect(again.statistics.reopenings == 1)
    #expect(again.trouble == nil)
    await again.close()
  }

  @Test("a partition whose end is damaged takes no more; the others go on")
  func end() async throws {
    let (broken, sound) = (stream(on: 1), stream(on: 2))
    let journal = try await openJournal(options)
    _ = try await journal.append(padded(55, to: broken))
    _ = try await journal.append(padded(60, to: sound))
    try await journal.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    let file = try DatabaseFile(options.path)
    let page = try file.event(1, 55).page
    // Not full: what comes next in the first partition belongs there.
    #expect(try file.event(2, 1).page == page)
    try file.flip(0x01, at: page)
    // The writer has it in memory, and would not look again.
    try await journal.execute(sql: "PRAGMA shrink_memory")
    for round in 0..<2 {
      do throws(JournalError) {
        _ = try await journal.append(append(["more"], to: broken, at: 55))
        Issue.record("appended behind damage")
      } catch {
        guard case .corrupt = error else {
          Issue.record("\(error) instead of corrupt")
          continue
        }
      }
      let version = StreamVersion(Int64(60 + round))
      _ = try await journal.append(append(["more"], to: sound, at: version))
      // Once is enough to know.
      #expect(journal.statistics.reopenings == 1)
    }
    #expect(try await journal.heads()[1] == 55)
    // What comes before the page is read. The page hides where the partition ends: it waits there.
    let first = try #require(try positions(55).first { try file.event(1, $0).page == page })
    let last = Position(first.value - 1)
    #expect(try await follow(journal, 1, upTo: last).read == positions(last.value))
    #expect(try await damage(in: journal, 1, after: last).position == nil)
    let others = try await follow(journal, 2, upTo: 62)
    #expect(others.read.last == 62)
    #expect(others.read.count + others.damaged.count == 62)
    await journal.close()
  }
}

extension SQLiteJournalDamageTests {
  /// An order on that partition.
  private func stream(on partition: Partition) -> StreamKey {
    let ids = (0..<1000).map { "\($0)" }
    return order(ids.first { Partition.holding(id: $0, of: 16) == partition } ?? "none")
  }

  private func positions(_ last: Int64) -> [Position] { (0..<last).map { Position($0 + 1) } }

  /// Events that fill a page a dozen at a time.
  private func padded(_ count: Int, to stream: StreamKey) -> Append {
    var filled = append((1...count).map { "\($0)" }, to: stream)
    for index in 0..<count {
      filled.streams[0].events[index].payload += [UInt8](repeating: 120, count: 200)
    }
    return filled
  }

  /// What a read fails with.
  private func damage(
    in journal: SQLiteJournal, _ partition: Partition, after position: Position
  ) async throws -> Corruption {
    do throws(JournalError) {
      _ = try await journal.read(partition: partition, after: position, limit: 10)
    } catch {
      guard case .corrupt(let damage) = error else { throw error }
      return damage
    }
    throw SetUpFailure(description: "nothing is damaged after \(position)")
  }

  /// Reads a partition as a follower does: on behind each event that is named as damaged.
  private func follow(
    _ journal: SQLiteJournal, _ partition: Partition, upTo head: Position
  ) async throws -> (read: [Position], damaged: [Position]) {
    var read: [Position] = []
    var damaged: [Position] = []
    var at = Position.start
    while at < head {
      let limit = Int(min(7, head.value - at.value))
      do throws(JournalError) {
        let events = try await journal.read(partition: partition, after: at, limit: limit)
        read += events.map(\.position)
        at = events.last?.position ?? head
      } catch {
        guard case .corrupt(let damage) = error, damage.position == at.next else { throw error }
        damaged.append(at.next)
        at = at.next
      }
    }
    return (read, damaged)
  }
}
