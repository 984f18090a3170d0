import Journal
import Services
import Testing
import Transport

@Suite("A journal on another node")
struct RemoteJournalTests {
  private let journal: MemoryJournal
  private var remote: RemoteJournal {
    RemoteJournal(name: "order", feed: JournalFeed(["order": journal]), clock: .system)
  }
  private let stream = StreamKey(category: "order", id: "o-1")

  init() {
    var options = MemoryJournal.Options()
    options.partitionCount = 1
    journal = MemoryJournal(name: "order", epoch: JournalEpoch("order-1"), options: options) {
      WallTime(milliseconds: 1)
    }
  }

  @Test("tells which event is damaged there, serves what stands before it and behind it")
  func damaged() async throws {
    let events = (1...3).map { number in
      NewEvent(
        id: EventID("e-\(number)"), type: "test.Number", payload: [UInt8(number)],
        metadata: EventMetadata(correlationID: "o-1", causationID: "c"))
    }
    _ = try await journal.append(Append(to: stream, expecting: .none, events))
    journal.damage(0, 2)
    #expect(
      try await remote.read(partition: 0, after: 0, limit: 10).map(\.payload) == [[1]])
    #expect(
      try await remote.read(partition: 0, after: 2, limit: 10).map(\.payload) == [[3]])
    do {
      _ = try await remote.read(partition: 0, after: 1, limit: 10)
      Issue.record("a damaged event was served")
    } catch {
      guard case .corrupt(let damage) = error else { throw error }
      #expect(damage.stream == stream)
      #expect(damage.version == 2)
      #expect(damage.partition == 0)
      #expect(damage.position == 2)
    }
  }
}
