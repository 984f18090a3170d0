import Journal
import Messages
import Services
import Synchronization
import Testing
import Transport

@Suite("A journal on another node")
struct RemoteJournalTests {
  private let journal: MemoryJournal
  private var remote: RemoteJournal {
    RemoteJournal(name: "order", feed: JournalFeed(["order": journal]), clock: .system)
  }
  private let stream = StreamKey(category: "order", id: "o-1")

  init() { journal = Self.journal("order-1") }

  private static func journal(_ epoch: String) -> MemoryJournal {
    var options = MemoryJournal.Options()
    options.partitionCount = 1
    return MemoryJournal(name: "order", epoch: JournalEpoch(epoch), options: options) {
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

  @Test("is refused when it ends before what the follower has read")
  func shortened() async throws {
    do {
      _ = try await remote.waitForChange(after: [7])
      Issue.record("it waited for a journal that has gone back")
    } catch {
      guard case .refused(let reason) = error else { throw error }
      #expect(reason.contains("ends at 0"))
    }
  }

  @Test("another journal in its place is not followed")
  func otherEpoch() async throws {
    let feed = Replaceable(journal)
    let remote = RemoteJournal(name: "order", feed: feed, clock: .system)
    #expect(try await remote.status().heads == [0])
    let other = Self.journal("order-2")
    _ = try await other.append(
      Append(
        to: stream, expecting: .none,
        [
          NewEvent(
            id: EventID("e-1"), type: "test.Number", payload: [1],
            metadata: EventMetadata(correlationID: "o-1", causationID: "c"))
        ]))
    feed.replace(by: other)
    do {
      _ = try await remote.waitForChange(after: [0])
      Issue.record("another history was followed")
    } catch {
      guard case .refused = error else { throw error }
    }
  }
}

/// A node whose journal is replaced while it is followed.
private final class Replaceable: JournalServiceProtocol {
  private let feed: Mutex<JournalFeed>

  init(_ journal: MemoryJournal) { feed = Mutex(JournalFeed(["order": journal])) }

  func replace(by journal: MemoryJournal) { feed.withLock { $0 = JournalFeed(["order": journal]) } }

  private var now: JournalFeed { feed.withLock { $0 } }

  func getStatus(
    _ request: GetStatusRequest, context: CallContext
  ) async throws(RPCError) -> Messages.JournalStatus {
    try await now.getStatus(request, context: context)
  }

  func readEvents(
    _ request: ReadEventsRequest, context: CallContext
  ) async throws(RPCError) -> ReadEventsResponse {
    try await now.readEvents(request, context: context)
  }

  nonisolated(nonsending) func watchHeads(
    _ request: WatchHeadsRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (Messages.JournalStatus) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    try await now.watchHeads(request, context: context, send: send)
  }

  func getStream(
    _ request: GetStreamRequest, context: CallContext
  ) async throws(RPCError) -> GetStreamResponse {
    try await now.getStream(request, context: context)
  }
}
