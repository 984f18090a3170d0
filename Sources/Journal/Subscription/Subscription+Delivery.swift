extension Subscription {
  /// Handles one event until it had its effect or is parked. False when the task was cancelled
  /// first.
  /// - Parameter damage: why there is nothing to handle: the event's row is damaged.
  func deal(
    with event: RecordedEvent, _ key: String, damage: String? = nil, pulse: Pulse
  ) async -> Bool {
    if parking.beginArriving(key) {
      defer { parking.arrived(key) }
      return await park(
        event, key, reason: damage ?? "behind a parked event of \(key)", attempts: 0)
    }
    if let damage { return await parkFirst(event, key, reason: damage, attempts: 0) }
    var attempt = 0
    var failures = 0
    while !Task.isCancelled {
      attempt += 1
      do throws(DeliveryFailure) {
        let delivery = delivery(of: event, attempt: attempt)
        try await pulse.during { () async throws(DeliveryFailure) in
          try await subscriber.handle(delivery)
        }
        return true
      } catch {
        // Whoever has taken its place handles the event: what fails here says nothing any more.
        guard !Task.isCancelled else { return false }
        if case .failed = error { failures += 1 }
        if error.isPoison || failures >= options.attemptsMax {
          return await parkFirst(event, key, reason: error.reason, attempts: attempt)
        }
        notify(.retrying(delivery(of: event, attempt: attempt), error))
        guard await pause(after: attempt) else { return false }
      }
    }
    return false
  }

  func delivery(of event: RecordedEvent, attempt: Int) -> Delivery {
    let source = InboxSource(subscriber: subscriber.name, partition: event.partition)
    return Delivery(
      event: event, source: self.source.name,
      position: InboxPosition(source: source, position: event.position), attempt: attempt)
  }

  /// Parks a key for its first event that cannot be handled. While as many keys are parked as may be,
  /// it waits, its cursor where it is, until somebody has made room.
  private func parkFirst(
    _ event: RecordedEvent, _ key: String, reason: String, attempts: Int
  ) async -> Bool {
    var tries = 0
    while parking.count >= options.parkedKeysMax {
      tries += 1
      notify(
        .waiting(event.partition, .overloaded("\(options.parkedKeysMax) keys are parked already")))
      guard await pause(after: tries) else { return false }
    }
    parking.beginParking(key)
    defer { parking.arrived(key) }
    return await park(event, key, reason: reason, attempts: attempts)
  }

  /// Sets the event aside in the destination, as often as it takes. One that is parked already,
  /// from before a crash, stays as it is.
  private func park(
    _ event: RecordedEvent, _ key: String, reason: String, attempts: Int
  ) async -> Bool {
    let row = ParkedEvent(
      key: ParkedKey(
        subscriber: subscriber.name, partition: event.partition, position: event.position),
      source: source.name, stream: event.stream, orderingKey: key, type: event.type,
      reason: String(reason.prefix(1000)), attempts: attempts, parkedAt: clock.now())
    var tries = 0
    while true {
      tries += 1
      do throws(JournalError) {
        if try await destination.parkedEvent(row.key) == nil {
          _ = try await destination.append(Append(parked: [.put(row)]))
          notify(.parked(row))
        }
        return true
      } catch { notify(.waiting(event.partition, error)) }
      guard await pause(after: tries) else { return false }
    }
  }

  private func pause(after attempt: Int) async -> Bool {
    do { try await clock.sleep(options.backOff.delay(after: attempt)) } catch { return false }
    return !Task.isCancelled
  }
}

extension DeliveryFailure {
  var isPoison: Bool {
    if case .poison = self { true } else { false }
  }
}
