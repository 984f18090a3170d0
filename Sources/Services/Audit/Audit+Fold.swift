import Domain
import Journal

/// An aggregate folded by the audit, and what the audit wants to know beside its state.
struct Folded<Aggregate: JournaledDecider> {
  var state: Aggregate.State
  var version = StreamVersion.none
  var lastAt = Timestamp(ms: 0)
  /// Distinct captures, by the provider's name for them.
  var captures: Set<ProviderReference> = []
}

/// Every aggregate of one kind in a partition, by id.
struct PartitionFold<Aggregate: JournaledDecider> {
  var aggregates: [String: Folded<Aggregate>] = [:]
  /// Damage hides the rest: an aggregate may be further than it seems, and there may be others.
  var isCutShort = false
}

extension Audit {
  /// Events read at once.
  private static let batchEvents = 1000

  /// Folds a partition up to its head, or to what is damaged. Gaps and damage go into the report.
  func fold<Aggregate: JournaledDecider>(
    _ type: Aggregate.Type, _ journal: any AuditSource, _ partition: Partition,
    _ report: inout AuditReport
  ) async throws(JournalError) -> PartitionFold<Aggregate> {
    var fold = PartitionFold<Aggregate>()
    var position = Position.start
    while true {
      let events: [RecordedEvent]
      do throws(JournalError) {
        events = try await journal.read(
          partition: partition, after: position, limit: Self.batchEvents)
      } catch {
        try tell(error, journal.name, &report)
        fold.isCutShort = true
        return fold
      }
      guard let last = events.last else { return fold }
      for event in events {
        if event.position != position.next {
          report.add(
            "journal", journal.name, "partition \(partition): hole before \(event.position)")
        }
        position = event.position
        report.count("\(journal.name) events")
        guard event.stream.category == Aggregate.category else { continue }
        take(event, &fold.aggregates, &report)
      }
      position = last.position
    }
  }

  /// Damage is a finding; any other failure ends the audit.
  func tell(
    _ error: JournalError, _ subject: String, _ report: inout AuditReport
  ) throws(JournalError) {
    guard case .corrupt(let damage) = error else { throw error }
    report.add("journal", damage.stream?.text ?? subject, "\(damage)")
  }

  private func take<Aggregate: JournaledDecider>(
    _ event: RecordedEvent, _ aggregates: inout [String: Folded<Aggregate>],
    _ report: inout AuditReport
  ) {
    let id = event.stream.id
    var folded = aggregates[id] ?? Folded(state: Aggregate.initial)
    if event.version != folded.version.advanced(by: 1) {
      report.add(
        "journal", event.stream.text, "version \(event.version) follows \(folded.version)")
    }
    folded.version = event.version
    folded.lastAt = Timestamp(ms: event.recordedAt.milliseconds)
    do throws(EventCodecError) {
      let decoded = try Aggregate.codec.decode(type: event.type, payload: event.payload)
      folded.state = Aggregate.evolve(folded.state, decoded)
      if case .approved(_, let reference, _) = decoded as? PaymentEvent {
        folded.captures.insert(reference)
      }
    } catch {
      report.add("journal", event.stream.text, "version \(event.version): \(error)")
    }
    aggregates[id] = folded
  }
}
