import Domain
import Journal
import Transport

extension Dispatcher {
  /// Fills the board with what is under way, and looks after what waits. One that cannot be
  /// read is left out: it holds nobody else up.
  func restore(deliveries: [OrderID], riders: [RiderID]) async throws(RPCError) {
    for id in riders {
      guard let now = try await readable(Domain.Rider.self, id.rawValue) else { continue }
      board.put(now.state, version: now.version, for: id)
    }
    // All of them first, so that a rider who carries one is not asked for another.
    for id in deliveries {
      guard let now = try await readable(Domain.Delivery.self, id.rawValue) else { continue }
      board.put(now.state, version: now.version, for: id)
    }
    for id in deliveries {
      guard let state = board.deliveries[id]?.state else { continue }
      let cause = CommandCause(correlationID: id.rawValue, causationID: "dispatch/start")
      // What fails here is looked after again by the delivery's own deadline.
      _ = try? await findRider(for: id, state, cause)
    }
  }

  private func readable<Aggregate: JournaledDecider>(
    _ aggregate: Aggregate.Type, _ id: String
  ) async throws(RPCError) -> DispatchBoard.Entry<Aggregate.State>? {
    do throws(RPCError) { return try await load(aggregate, id) } catch {
      guard error.code == .dataLoss else { throw error }
      return nil
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
