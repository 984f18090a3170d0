/// How replaying parked events ended.
public enum ReplayOutcome: Sendable, Equatable {
  /// All of the key's events have been handled; it goes on as usual.
  case released(replayed: Int)
  /// This one still cannot be handled; it and those behind it stay parked.
  case stopped(ParkedEvent, replayed: Int)
  /// Nothing of this key is parked, or somebody replays it already.
  case nothingParked
}

/// Why parked events could not be replayed or discarded.
public enum ParkingError: Error, Sendable, Equatable {
  case journal(JournalError)
  /// Events before it are still being handled, so that a crash would bring it back, or somebody
  /// replays its key just now: later.
  case tooEarly(ParkedKey)
  case cancelled
}

extension Subscription {
  /// Handles the parked events of one ordering key again, in order. Those that arrive meanwhile
  /// wait behind them. The subscription must be running here.
  public func replayParked(
    orderingKey key: String
  ) async throws(ParkingError) -> ReplayOutcome {
    guard parking.beginReplay(key) else { return .nothingParked }
    defer { parking.endReplay(key) }
    var replayed = 0
    while true {
      let arrivals = parking.arrivals(of: key)
      let rows = try await parkedRows(of: key)
      for row in rows {
        do throws(DeliveryFailure) {
          try await subscriber.handle(
            delivery(of: try await sourceEvent(of: row), attempt: row.attempts + 1))
        } catch {
          var again = row
          again.reason = String(error.reason.prefix(1000))
          again.attempts += 1
          try await change([.put(again)])
          return .stopped(again, replayed: replayed)
        }
        try await change([.remove(row.key)])
        replayed += 1
      }
      if rows.isEmpty {
        if parking.release(key, after: arrivals) { return .released(replayed: replayed) }
        do { try await clock.sleep(.milliseconds(1)) } catch { throw .cancelled }
      }
    }
  }

  /// Gives up one parked event for good. Those parked behind it stay, until they are replayed. A
  /// row under `ParkedKey.discarded` keeps who did it, and when. The subscription must be running
  /// here.
  public func discardParked(
    _ parked: ParkedKey, by who: String
  ) async throws(ParkingError) {
    guard let key = try await orderingKey(of: parked) else { return }
    // A replay beside it would give the event its effect, or put the row back.
    guard parking.beginReplay(key) else { throw .tooEarly(parked) }
    defer { parking.endReplay(key) }
    do throws(JournalError) {
      let epoch = try await source.status().epoch
      guard let row = try await destination.parkedEvent(parked) else { return }
      let cursor = try await dealtWith(in: parked.partition, epoch)
      if cursor.position >= parked.position {
        // With the cursor beyond it, so that it is not delivered and parked once more.
        var record = row
        record.key = parked.discarded
        record.reason = String("discarded by \(who): \(row.reason)".prefix(1000))
        record.parkedAt = clock.now()
        _ = try await destination.append(
          Append(cursors: [cursor], parked: [.remove(parked), .put(record)]))
        let arrivals = parking.arrivals(of: key)
        if try await rows(of: key).isEmpty { _ = parking.release(key, after: arrivals) }
        return
      }
    } catch { throw .journal(error) }
    throw .tooEarly(parked)
  }

  /// nil when it is not parked.
  private func orderingKey(of parked: ParkedKey) async throws(ParkingError) -> String? {
    do throws(JournalError) {
      return try await destination.parkedEvent(parked)?.orderingKey
    } catch { throw .journal(error) }
  }

  private func dealtWith(
    in partition: Partition, _ epoch: JournalEpoch
  ) async throws(JournalError) -> Cursor {
    let stored = try await destination.cursors(of: subscriber.name)
      .first { $0.partition == partition }?.position
    let position = max(stored ?? .start, lowWater(of: partition) ?? .start)
    return Cursor(
      subscriber: subscriber.name, partition: partition, position: position, epoch: epoch)
  }

  private func change(_ changes: [ParkedChange]) async throws(ParkingError) {
    do throws(JournalError) {
      _ = try await destination.append(Append(parked: changes))
    } catch { throw .journal(error) }
  }

  private func parkedRows(of key: String) async throws(ParkingError) -> [ParkedEvent] {
    do throws(JournalError) { return try await rows(of: key) } catch { throw .journal(error) }
  }

  private func rows(of key: String) async throws(JournalError) -> [ParkedEvent] {
    var rows: [ParkedEvent] = []
    var after: ParkedKey?
    while true {
      let page = try await destination.parked(for: subscriber.name, after: after, limit: 512)
      rows += page.filter { $0.orderingKey == key }
      guard let last = page.last else { return rows }
      after = last.key
    }
  }

  private func sourceEvent(of row: ParkedEvent) async throws(DeliveryFailure) -> RecordedEvent {
    do throws(JournalError) {
      let found = try await source.read(
        partition: row.key.partition, after: Position(row.key.position.value &- 1), limit: 1)
      guard let event = found.first, event.position == row.key.position else {
        throw JournalError.unavailable("the source has no event at \(row.key)")
      }
      return event
    } catch { throw .unavailable("\(error)") }
  }
}
