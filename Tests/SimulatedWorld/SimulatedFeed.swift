import Messages
import Services
import Transport

/// Another node's journals, asked for over the world's network, which may also lose an event out of
/// an answer, as a carrier would: that shows as a hole.
struct SimulatedFeed: JournalServiceProtocol {
  let owner: SimulatedNode
  /// Who follows.
  let place: Int
  let world: World

  private static let watch = UnaryMethod<WatchHeadsRequest, JournalStatus>(
    path: "baedal.journal.v1.JournalService/WatchHeads")

  /// Answers for others who follow a node's journals. The network of a world has no streams: of
  /// heads, the first message is sent, which is all that `RemoteJournal` listens to.
  static func register(_ feed: JournalFeed, on router: inout Router) {
    router.unary(JournalServiceMethods.getStatus) { (request, context) throws(RPCError) in
      try await feed.getStatus(request, context: context)
    }
    router.unary(JournalServiceMethods.readEvents) { (request, context) throws(RPCError) in
      try await feed.readEvents(request, context: context)
    }
    router.unary(watch) { (request, context) throws(RPCError) in
      let first = First()
      do throws(RPCError) {
        try await feed.watchHeads(request, context: context) { (status) throws(RPCError) in
          first.status = status
          throw RPCError(code: .cancelled, message: "one is enough")
        }
      } catch {
        guard first.status != nil else { throw error }
      }
      return first.status ?? JournalStatus()
    }
  }

  private final class First: @unchecked Sendable {
    // Unchecked: it belongs to the scheduler's thread.
    var status: JournalStatus?
  }

  func getStatus(
    _ request: GetStatusRequest, context: CallContext
  ) async throws(RPCError) -> JournalStatus {
    try await asked(JournalServiceMethods.getStatus, request, context)
  }

  func readEvents(
    _ request: ReadEventsRequest, context: CallContext
  ) async throws(RPCError) -> ReadEventsResponse {
    var answer = try await asked(JournalServiceMethods.readEvents, request, context)
    if !answer.events.isEmpty, world.carrier.perMille(world.faults.lostPerMille) {
      world.note("an event of \(request.journal) is lost on the way to \(place)")
      answer.events.remove(at: world.carrier.number(0...answer.events.count - 1))
    }
    return answer
  }

  func watchHeads(
    _ request: WatchHeadsRequest, context: CallContext,
    send: nonisolated(nonsending) @Sendable (JournalStatus) async throws(RPCError) -> Void
  ) async throws(RPCError) {
    try await send(try await asked(Self.watch, request, context))
  }

  func getStream(
    _ request: GetStreamRequest, context: CallContext
  ) async throws(RPCError) -> GetStreamResponse {
    try await asked(JournalServiceMethods.getStream, request, context)
  }

  private func asked<Request: Message, Response: Message>(
    _ method: UnaryMethod<Request, Response>, _ request: Request, _ context: CallContext
  ) async throws(RPCError) -> Response {
    try await world.network.call(
      method, request, from: place, to: owner, as: context.principal,
      within: context.remainingTime ?? .seconds(24 * 3600))
  }
}
