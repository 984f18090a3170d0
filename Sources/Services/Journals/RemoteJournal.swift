package import Journal
import Messages
import Synchronization
package import Transport

/// A journal on another node, as far as one can follow it from here. Out of reach it is
/// `unavailable`, which passes: whoever follows goes on from its own cursors.
package struct RemoteJournal: AuditSource {
  package let name: String
  private let feed: any JournalServiceProtocol
  private let clock: TransportClock
  /// Of the history that is followed from here: another one is never taken for it.
  private let epoch = First<JournalEpoch>()

  /// How long one question may take.
  private static let timeout = Duration.seconds(10)

  /// - Parameters:
  ///   - name: the service it belongs to.
  ///   - feed: the node that keeps it.
  package init(name: String, feed: any JournalServiceProtocol, clock: TransportClock) {
    self.name = name
    self.feed = feed
    self.clock = clock
  }

  package nonisolated(nonsending) func status() async throws(JournalError) -> SourceStatus {
    let answer = try await asking { () async throws(RPCError) in
      try await feed.getStatus(GetStatusRequest(journal: name), context: context())
    }
    let status = SourceStatus(answer)
    _ = epoch.value(orElse: status.epoch)
    return status
  }

  package nonisolated(nonsending) func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    let answer = try await asking(partition) { () async throws(RPCError) in
      try await feed.readEvents(
        ReadEventsRequest(
          journal: name, partition: UInt32(clamping: partition.index), after: position.value,
          limit: UInt32(clamping: limit)),
        context: context())
    }
    return answer.events.map { RecordedEvent($0, in: partition) }
  }

  package nonisolated(nonsending) func waitForChange(
    after heads: [Position]
  ) async throws(JournalError) -> [Position] {
    let first = First<SourceStatus>()
    try await asking { () async throws(RPCError) in
      do throws(RPCError) {
        try await feed.watchHeads(
          WatchHeadsRequest(journal: name, heads: heads.map(\.value)),
          context: CallContext(local: Self.principal, clock: clock)
        ) { (status) async throws(RPCError) in
          _ = first.value(orElse: SourceStatus(status))
          // One is enough; whoever goes on following asks again from there.
          throw RPCError(code: .cancelled, message: "heard enough")
        }
      } catch {
        if first.value() == nil { throw error }
      }
    }
    guard let status = first.value() else {
      throw .unavailable("\(name): the stream of heads ended")
    }
    guard epoch.value(orElse: status.epoch) == status.epoch else {
      throw .refused("\(name): another journal stands in the place of the one followed")
    }
    return status.heads
  }

  package nonisolated(nonsending) func deadlines(
    of stream: StreamKey
  ) async throws(JournalError) -> [Deadline] {
    try await self.stream(stream).deadlines.map { Deadline($0, of: stream) }
  }

  package nonisolated(nonsending) func version(
    of stream: StreamKey
  ) async throws(JournalError) -> StreamVersion {
    StreamVersion(try await self.stream(stream).version)
  }

  private nonisolated(nonsending) func stream(
    _ stream: StreamKey
  ) async throws(JournalError) -> GetStreamResponse {
    try await asking { () async throws(RPCError) in
      try await feed.getStream(
        GetStreamRequest(journal: name, category: stream.category, streamID: stream.id),
        context: context())
    }
  }

  private static let principal = Transport.Principal(role: "service", id: "journal")

  private func context() -> CallContext {
    CallContext(local: Self.principal, timeout: Self.timeout, clock: clock)
  }

  private nonisolated(nonsending) func asking<Answer>(
    _ partition: Partition? = nil,
    _ ask: nonisolated(nonsending) () async throws(RPCError) -> Answer
  ) async throws(JournalError) -> Answer {
    do throws(RPCError) { return try await ask() } catch {
      if Task.isCancelled { throw .cancelled }
      switch error.code {
      case .invalidArgument: throw .invalid("\(name): \(error)")
      case .failedPrecondition: throw .refused("\(name): \(error)")
      case .dataLoss: throw .corrupt(Corruption(error, journal: name, in: partition))
      default: throw .unavailable("\(name): \(error)")
      }
    }
  }
}

/// What was told first, and stays.
private final class First<Value: Sendable>: Sendable {
  private let told = Mutex<Value?>(nil)

  func value() -> Value? { told.withLock { $0 } }

  func value(orElse value: Value) -> Value {
    told.withLock { told in
      if let told { return told }
      told = value
      return value
    }
  }
}
