import Journal

/// A journal on another node, followed over the network: it may be out of reach, hand out less than
/// there is, or leave an event out, which shows as a hole.
struct RemoteSource: EventSource {
  let journal: SimulatedJournal
  let owner: SimulatedNode
  /// Who follows.
  let place: Int
  let world: World

  var name: String { journal.name }
  var partitionCount: Int { journal.partitionCount }

  func status() async throws(JournalError) -> SourceStatus {
    try await travel()
    return try await journal.status()
  }

  func read(
    partition: Partition, after position: Position, limit: Int
  ) async throws(JournalError) -> [RecordedEvent] {
    try await travel()
    var events = try await journal.read(partition: partition, after: position, limit: limit)
    if world.carrier.perMille(world.faults.lostPerMille) {
      events = Array(events.prefix(world.carrier.number(0...max(0, events.count - 1))))
    }
    if !events.isEmpty, world.carrier.perMille(world.faults.lostPerMille) {
      world.note("an event of \(name) is lost on the way to \(place)")
      events.remove(at: world.carrier.number(0...events.count - 1))
    }
    try await travel()
    return events
  }

  func waitForChange(after heads: [Position]) async throws(JournalError) -> [Position] {
    try await travel()
    let heads = try await journal.waitForChange(after: heads)
    try await travel()
    return heads
  }

  private func travel() async throws(JournalError) {
    do { try await world.scheduler.sleep(until: world.scheduler.now + delay) } catch {
      throw .cancelled
    }
    guard owner.isUp, !world.network.isCut(owner.number, place) else {
      throw .unavailable("\(name) is out of reach")
    }
  }

  private var delay: Int64 { world.network.delay().nanoseconds }
}
