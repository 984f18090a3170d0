package import Journal
package import Messages
package import Transport

/// Lets other nodes follow the journals of this one.
package struct JournalFeed: JournalServiceProtocol {
  private let journals: [String: any JournalReader]

  /// Events in one answer.
  private static let eventsMax = 256
  /// Bytes of payloads in one answer; a single larger event goes alone.
  private static let payloadBytesMax = 256 * 1024

  /// - Parameter journals: by the names of the services they belong to.
  package init(_ journals: [String: any JournalReader]) { self.journals = journals }

  package func getStatus(
    _ request: GetStatusRequest, context: CallContext
  ) async throws(RPCError) -> Messages.JournalStatus {
    let journal = try journal(request.journal)
    do throws(JournalError) {
      return Messages.JournalStatus(try await journal.status())
    } catch { throw RPCError(error) }
  }

  package func readEvents(
    _ request: ReadEventsRequest, context: CallContext
  ) async throws(RPCError) -> ReadEventsResponse {
    let journal = try journal(request.journal)
    let limit = request.limit == 0 ? Self.eventsMax : min(Int(request.limit), Self.eventsMax)
    do throws(JournalError) {
      let partition = Partition(Int(request.partition))
      guard partition.index < journal.partitionCount, request.after >= 0 else {
        throw JournalError.invalid("there is no partition \(partition), or no such position")
      }
      let events = try await journal.read(
        partition: partition, after: Position(request.after), limit: limit)
      return ReadEventsResponse(events: Self.fitting(events).map(JournalEvent.init))
    } catch {
      var status = RPCError(error)
      switch error {
      case .invalid(let text):
        status = RPCError(code: .invalidArgument, message: text, cause: error)
      case .corrupt(let damage): status.attach(DamagedEvent(damage))
      default: break
      }
      throw status
    }
  }

  package nonisolated(nonsending) func watchHeads(
    _ request: WatchHeadsRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (Messages.JournalStatus) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    let journal = try journal(request.journal)
    var heads = request.heads.map { Position($0) }
    guard heads.count == journal.partitionCount else {
      throw RPCError(
        code: .invalidArgument,
        message: "the journal has \(journal.partitionCount) partitions, not \(heads.count)")
    }
    let epoch = journal.epoch
    // A journal never goes back. One that has, was put back from an older copy: waiting until it has
    // outgrown the caller would hide from it what is written till then.
    let own: [Position]
    do throws(JournalError) { own = try await journal.status().heads } catch {
      throw RPCError(error)
    }
    if let at = zip(own, heads).first(where: { $0 < $1 }) {
      throw RPCError(
        code: .failedPrecondition,
        message: "a partition ends at \(at.0), and the caller has read up to \(at.1)")
    }
    while true {
      do throws(JournalError) {
        heads = try await journal.waitForChange(after: heads)
      } catch { throw RPCError(error) }
      try await send(Messages.JournalStatus(SourceStatus(epoch: epoch, heads: heads)))
    }
  }

  package func getStream(
    _ request: GetStreamRequest, context: CallContext
  ) async throws(RPCError) -> GetStreamResponse {
    let journal = try journal(request.journal)
    let stream = StreamKey(category: request.category, id: request.streamID)
    do throws(JournalError) {
      return GetStreamResponse(
        deadlines: try await journal.deadlines(of: stream).map(JournalDeadline.init),
        version: try await journal.version(of: stream).value)
    } catch { throw RPCError(error) }
  }

  private func journal(_ name: String) throws(RPCError) -> any JournalReader {
    guard let journal = journals[name] else {
      throw RPCError(
        code: .notFound, message: "this node keeps no journal '\(name)'", unprocessed: true)
    }
    return journal
  }

  private static func fitting(_ events: [RecordedEvent]) -> ArraySlice<RecordedEvent> {
    var bytes = 0
    let count = events.prefix { event in
      bytes += event.payload.count
      return bytes <= payloadBytesMax
    }.count
    return events.prefix(max(1, count))
  }
}
