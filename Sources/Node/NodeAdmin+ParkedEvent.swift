import Journal
import Logging
import Messages
import Services
import Transport

extension NodeAdmin {
  /// Of what waits behind an event so many are shown.
  private static let behindMax = 20
  /// How long the source may take to tell the event itself.
  private static let sourceTimeout = Duration.seconds(2)

  /// What the event says comes from its source, which may be out of reach; the rest is here.
  func getParked(
    _ request: ParkedEventRequest, context: CallContext
  ) async throws(RPCError) -> GetParkedResponse {
    if let elsewhere = try elsewhere(request) {
      return try await elsewhere.getParked(request.passedOn, context: context)
    }
    let (service, follower, row) = try await parked(request, orDiscarded: true)
    let behind = try await behind(row, of: follower)
    var response = GetParkedResponse(
      event: message(row, of: service, as: follower.subscriber.name),
      behindCount: UInt32(clamping: behind.count),
      behind: behind.prefix(Self.behindMax).map {
        message($0, of: service, as: follower.subscriber.name)
      })
    switch await sourceEvent(of: row, follower) {
    case .success(let event): response.tell(event)
    case .failure(let error): response.trouble = "\(error)"
    }
    return response
  }

  func replayParked(
    _ request: ParkedEventRequest, context: CallContext
  ) async throws(RPCError) -> ParkedEventResponse {
    if let elsewhere = try elsewhere(request) {
      return try await elsewhere.replayParked(request.passedOn, context: context)
    }
    let (_, follower, event) = try await parked(request)
    let outcome = try await replay(event.orderingKey, follower)
    tell("parked event replayed", event, context, outcome)
    switch outcome {
    case .released(let replayed):
      return ParkedEventResponse(events: UInt32(clamping: replayed), node: config.nodeName)
    case .nothingParked: return ParkedEventResponse(events: 0, node: config.nodeName)
    case .stopped(let event, _):
      throw RPCError(
        code: .failedPrecondition, message: "it still cannot be handled: \(event.reason)")
    }
  }

  /// What waited behind the event is handled now, unless another one stands before it.
  func discardParked(
    _ request: ParkedEventRequest, context: CallContext
  ) async throws(RPCError) -> ParkedEventResponse {
    if let elsewhere = try elsewhere(request) {
      return try await elsewhere.discardParked(request.passedOn, context: context)
    }
    let (service, follower, event) = try await parked(request)
    let who = context.principal.text
    do throws(ParkingError) { try await follower.discardParked(event.key, by: who) } catch {
      throw RPCError(error)
    }
    tell("parked event discarded", event, context)
    var response = ParkedEventResponse(events: 1, node: config.nodeName)
    switch try await replay(event.orderingKey, follower) {
    case .released(let replayed): response.behind = UInt32(clamping: replayed)
    case .nothingParked: break
    case .stopped(let next, let replayed):
      response.behind = UInt32(clamping: replayed)
      response.stopped = message(next, of: service, as: follower.subscriber.name)
    }
    return response
  }
}

extension NodeAdmin {
  /// The node to ask instead; nil when the service runs here.
  private func elsewhere(
    _ request: ParkedEventRequest
  ) throws(RPCError) -> AdminServiceClient? {
    let service = try owner(named: request.service)
    if config.services.contains(service) { return nil }
    guard !request.local else {
      throw RPCError(
        code: .failedPrecondition,
        message: "\(config.nodeName) does not run \(service.rawValue)", unprocessed: true)
    }
    return try client(for: service)
  }

  private func parked(
    _ request: ParkedEventRequest, orDiscarded: Bool = false
  ) async throws(RPCError) -> (ServiceName, Follower, StoredParkedEvent) {
    for (service, follower) in followers
    where service.rawValue == request.service && follower.subscriber.name == request.subscriber {
      let key = ParkedKey(
        subscriber: request.subscriber, partition: Partition(Int(request.partition)),
        position: Position(request.position))
      do throws(JournalError) {
        if let event = try await follower.destination.parkedEvent(key) {
          return (service, follower, event)
        }
        if orDiscarded, let event = try await follower.destination.parkedEvent(key.discarded) {
          return (service, follower, event)
        }
      } catch { throw RPCError(error) }
    }
    throw RPCError(code: .notFound, message: "no such event is set aside")
  }

  private func replay(
    _ orderingKey: String, _ follower: Follower
  ) async throws(RPCError) -> ReplayOutcome {
    do throws(ParkingError) {
      return try await follower.replayParked(orderingKey: orderingKey)
    } catch { throw RPCError(error) }
  }

  /// The events that wait behind this one.
  private func behind(
    _ row: StoredParkedEvent, of follower: Follower
  ) async throws(RPCError) -> [StoredParkedEvent] {
    var found: [StoredParkedEvent] = []
    var after = row.key
    do throws(JournalError) {
      while true {
        let page = try await follower.destination.parked(
          for: row.key.subscriber, after: after, limit: 512)
        found += page.filter { $0.orderingKey == row.orderingKey }
        guard let last = page.last else { return found }
        after = last.key
      }
    } catch { throw RPCError(error) }
  }

  private func sourceEvent(
    of row: StoredParkedEvent, _ follower: Follower
  ) async -> Result<RecordedEvent, JournalError> {
    let source = follower.source
    return await withTaskGroup(of: Result<RecordedEvent, JournalError>.self) { group in
      group.addTask {
        do throws(JournalError) {
          let found = try await source.read(
            partition: row.key.partition, after: Position(row.key.position.value &- 1), limit: 1)
          guard let event = found.first, event.position == row.key.position else {
            return .failure(.unavailable("\(row.source) has no event at \(row.key)"))
          }
          return .success(event)
        } catch { return .failure(error) }
      }
      group.addTask {
        try? await Task.sleep(for: Self.sourceTimeout)
        return .failure(.unavailable("\(row.source) does not answer"))
      }
      let first = await group.next() ?? .failure(.cancelled)
      group.cancelAll()
      return first
    }
  }

  private func tell(
    _ text: Logger.Message, _ event: StoredParkedEvent, _ context: CallContext,
    _ outcome: ReplayOutcome? = nil
  ) {
    log.warning(
      text,
      metadata: [
        "by": "\(context.principal.text)", "event": "\(event.key)", "stream": "\(event.stream)",
        "type": "\(event.type)", "reason": "\(event.reason)",
        "outcome": "\(outcome.map { "\($0)" } ?? "done")",
      ])
  }
}

extension Transport.Principal {
  fileprivate var text: String { "\(role)/\(id)" }
}

extension ParkedEventRequest {
  /// The same for the node that runs the service, and for no other one.
  fileprivate var passedOn: ParkedEventRequest {
    var copy = self
    copy.local = true
    return copy
  }
}

extension GetParkedResponse {
  /// What the event says, as JSON if it is what its type says.
  fileprivate mutating func tell(_ event: RecordedEvent) {
    eventID = event.id.text
    correlationID = event.metadata.correlationID
    causationID = event.metadata.causationID
    recordedAtMs = event.recordedAt.milliseconds
    payload = event.payload
    do throws(CodecError) {
      payloadJSON = try MessageRegistry.bytesToJSON(event.type, event.payload)
    } catch { trouble = "\(error)" }
  }
}

extension RPCError {
  init(_ error: ParkingError) {
    switch error {
    case .journal(let error): self.init(error)
    case .tooEarly:
      self.init(
        code: .failedPrecondition, message: "events before it are still being handled",
        retryAfter: .seconds(1), cause: error)
    case .cancelled: self.init(code: .cancelled, message: "cancelled", cause: error)
    }
  }
}
