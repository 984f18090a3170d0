import Domain
import Journal

/// An aggregate folded by the audit, and what the audit wants to know beside its state.
struct Folded<Aggregate: Audited> {
  var state = Aggregate.initial
  var version = StreamVersion.none
  /// When it was last written to.
  var lastAt = Timestamp(ms: 0)
  /// When something last came of what was under way.
  var movedAt = Timestamp(ms: 0)
}

/// Every aggregate of one kind in a partition, as far as it could be read.
struct PartitionFold<Aggregate: Audited> {
  /// By id; without those that have an event that is damaged, missing or not understood.
  private(set) var aggregates: [String: Folded<Aggregate>] = [:]
  /// An event is damaged or missing, and nobody can tell whose it was: any aggregate may be further
  /// than it seems, and there may be others.
  private(set) var isCutShort = false
  /// How far streams are that are not folded: those of other categories, and those left out above.
  private var unfolded: [StreamKey: StreamVersion] = [:]

  /// In the order of their ids.
  var sorted: [(key: String, value: Folded<Aggregate>)] {
    aggregates.sorted { $0.key < $1.key }
  }

  /// How many were left out.
  var hiddenCount: Int { unfolded.keys.lazy.filter { $0.category == Aggregate.category }.count }

  /// Whether this aggregate may be further than it seems, or be there though it does not seem so.
  func hides(_ id: String) -> Bool {
    isCutShort || unfolded[StreamKey(category: Aggregate.category, id: id)] != nil
  }

  mutating func cutShort() { isCutShort = true }

  /// Leaves out whose event is damaged. False when that is not certain: the place and the name of
  /// a row can be damaged too, and then the version does not follow.
  mutating func leavesOut(_ damage: Corruption) -> Bool {
    guard let stream = damage.stream, let version = damage.version,
      version == self.version(of: stream).advanced(by: 1)
    else { return false }
    leaveOut(stream, at: version)
    return true
  }

  mutating func take(_ event: RecordedEvent, _ report: inout AuditReport) {
    let (stream, before) = (event.stream, version(of: event.stream))
    let follows = event.version == before.advanced(by: 1)
    if !follows {
      report.add("journal", stream.text, "version \(event.version) follows \(before)")
    }
    guard follows, stream.category == Aggregate.category, unfolded[stream] == nil else {
      return leaveOut(stream, at: event.version)
    }
    do throws(EventCodecError) {
      fold(event, try Aggregate.codec.decode(type: event.type, payload: event.payload), &report)
    } catch {
      report.add("journal", stream.text, "version \(event.version): \(error)")
      leaveOut(stream, at: event.version)
    }
  }

  private mutating func fold(
    _ event: RecordedEvent, _ decoded: Aggregate.Event, _ report: inout AuditReport
  ) {
    let id = event.stream.id
    var folded = aggregates[id] ?? Folded()
    let next = Aggregate.evolve(folded.state, decoded)
    if let flaw = Aggregate.flaw(in: decoded, from: folded.state, to: next) {
      report.add(
        flaw.promise, flaw.promise == "journal" ? event.stream.text : id,
        "version \(event.version): \(flaw.text)")
    }
    folded.state = next
    folded.version = event.version
    folded.lastAt = Timestamp(ms: event.recordedAt.milliseconds)
    if Aggregate.isProgress(decoded) { folded.movedAt = folded.lastAt }
    aggregates[id] = folded
  }

  private func version(of stream: StreamKey) -> StreamVersion {
    if let version = unfolded[stream] { return version }
    guard stream.category == Aggregate.category else { return .none }
    return aggregates[stream.id]?.version ?? .none
  }

  private mutating func leaveOut(_ stream: StreamKey, at version: StreamVersion) {
    if stream.category == Aggregate.category { aggregates[stream.id] = nil }
    unfolded[stream] = version
  }
}
