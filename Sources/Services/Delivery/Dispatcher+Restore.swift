package import Domain
import Journal
package import Transport

extension Dispatcher {
  /// Fills the board at start with what is under way; call it before the first event is taken.
  /// What waits is looked after at once.
  package func restore(
    deliveries: [OrderID], riders: [RiderID]
  ) async throws(RPCError) {
    for id in riders {
      let now = try await load(Domain.Rider.self, id.rawValue)
      board.put(now.state, version: now.version, for: id)
    }
    // All of them first, so that a rider who carries one is not asked for another.
    for id in deliveries {
      let now = try await load(Domain.Delivery.self, id.rawValue)
      board.put(now.state, version: now.version, for: id)
    }
    for id in deliveries {
      guard let state = board.deliveries[id]?.state else { continue }
      let cause = CommandCause(correlationID: id.rawValue, causationID: "dispatch/start")
      _ = try await findRider(for: id, state, cause)
    }
  }

  func decode<Aggregate: JournaledDecider>(
    _ aggregate: Aggregate.Type, _ event: RecordedEvent
  ) throws(RPCError) -> Aggregate.Event {
    do throws(EventCodecError) {
      return try Aggregate.codec.decode(type: event.type, payload: event.payload)
    } catch {
      throw RPCError(code: .dataLoss, message: "\(event.id): \(error)", cause: error)
    }
  }

  /// The aggregate as the journal has it.
  func load<Aggregate: JournaledDecider>(
    _ aggregate: Aggregate.Type, _ id: String
  ) async throws(RPCError) -> DispatchBoard.Entry<Aggregate.State> {
    let stream = StreamKey(category: Aggregate.category, id: id)
    let loaded: LoadedStream
    do throws(JournalError) { loaded = try await journal.load(stream) } catch {
      throw RPCError(error)
    }
    var state = Aggregate.initial
    for event in loaded.events { state = Aggregate.evolve(state, try decode(aggregate, event)) }
    return DispatchBoard.Entry(state: state, version: loaded.version)
  }

  /// The aggregate after an event; read from the journal unless the event is the very next.
  func follow<Aggregate: JournaledDecider>(
    _ aggregate: Aggregate.Type, _ event: RecordedEvent, _ happened: Aggregate.Event,
    from known: DispatchBoard.Entry<Aggregate.State>?
  ) async throws(RPCError) -> DispatchBoard.Entry<Aggregate.State> {
    let known = known ?? DispatchBoard.Entry(state: Aggregate.initial, version: .none)
    if event.version <= known.version { return known }
    guard event.version == known.version.advanced(by: 1) else {
      return try await load(aggregate, event.stream.id)
    }
    return DispatchBoard.Entry(
      state: Aggregate.evolve(known.state, happened), version: event.version)
  }
}
