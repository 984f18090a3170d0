import Journal

extension Audit {
  /// Events read at once.
  private static let batchEvents = 1000

  /// Folds a partition up to its head. What is damaged or missing goes into the report, and is
  /// read past where it is certain whose it was.
  func fold<Aggregate: Audited>(
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
        guard case .corrupt(let damage) = error else { throw error }
        report.add("journal", damage.stream?.text ?? journal.name, "\(damage)")
        guard damage.position == position.next, fold.leavesOut(damage) else {
          fold.cutShort()
          break
        }
        position = position.next
        continue
      }
      guard !events.isEmpty else { break }
      for event in events {
        if event.position != position.next {
          report.add(
            "journal", journal.name, "partition \(partition): hole before \(event.position)")
          fold.cutShort()
          // It goes back: there would be no end.
          guard event.position > position else { return fold }
        }
        position = event.position
        report.count("\(journal.name) events")
        fold.take(event, &report)
      }
    }
    if fold.hiddenCount > 0 {
      report.count("\(Aggregate.category) streams not judged", Int64(fold.hiddenCount))
    }
    return fold
  }

  /// Damage is a finding; any other failure ends the audit.
  func tell(
    _ error: JournalError, _ subject: String, _ report: inout AuditReport
  ) throws(JournalError) {
    guard case .corrupt(let damage) = error else { throw error }
    report.add("journal", damage.stream?.text ?? subject, "\(damage)")
  }
}
