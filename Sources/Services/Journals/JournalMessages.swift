import Journal
import Messages
import Transport

extension JournalStatus {
  init(_ status: SourceStatus) {
    self.init(epoch: status.epoch.text, heads: status.heads.map(\.value))
  }
}

extension SourceStatus {
  init(_ status: JournalStatus) {
    self.init(epoch: JournalEpoch(status.epoch), heads: status.heads.map { Position($0) })
  }
}

extension JournalEvent {
  init(_ event: RecordedEvent) {
    self.init(
      position: event.position.value, category: event.stream.category,
      streamID: event.stream.id, version: event.version.value, id: event.id.text,
      type: event.type, payload: event.payload, correlationID: event.metadata.correlationID,
      causationID: event.metadata.causationID, traceparent: event.metadata.traceparent ?? "",
      recordedAtMs: event.recordedAt.milliseconds)
  }
}

extension RecordedEvent {
  convenience init(_ event: JournalEvent, in partition: Partition) {
    self.init(
      partition: partition, position: Position(event.position),
      stream: StreamKey(category: event.category, id: event.streamID),
      version: StreamVersion(event.version), id: EventID(event.id), type: event.type,
      payload: event.payload,
      metadata: EventMetadata(
        correlationID: event.correlationID, causationID: event.causationID,
        traceparent: event.traceparent.isEmpty ? nil : event.traceparent),
      recordedAt: WallTime(milliseconds: event.recordedAtMs))
  }
}

extension DamagedEvent {
  init(_ damage: Corruption) {
    self.init(
      position: damage.position?.value ?? 0, category: damage.stream?.category ?? "",
      streamID: damage.stream?.id ?? "", version: damage.version?.value ?? 0,
      text: damage.description)
  }
}

extension Corruption {
  /// What a journal on another node said of a damaged event; only that there is damage, when it
  /// did not say which.
  init(_ error: RPCError, journal: String, in partition: Partition? = nil) {
    let detail = error.details.first { $0.typeURL == DamagedEvent.fullName }
    guard let detail, let damaged = try? DamagedEvent(serialized: detail.bytes) else {
      self.init(file: journal, detail: "on its own node: \(error.message)")
      return
    }
    let isStreamKnown = !damaged.category.isEmpty && !damaged.streamID.isEmpty
    self.init(
      file: journal,
      stream: isStreamKnown
        ? StreamKey(category: damaged.category, id: damaged.streamID) : nil,
      version: damaged.version > 0 ? StreamVersion(damaged.version) : nil, partition: partition,
      position: damaged.position > 0 ? Position(damaged.position) : nil,
      detail: "on its own node: \(damaged.text)")
  }
}

extension JournalDeadline {
  init(_ deadline: Deadline) {
    self.init(
      kind: deadline.key.kind, dueAtMs: deadline.dueAt.milliseconds, owner: deadline.owner)
  }
}

extension Deadline {
  init(_ deadline: JournalDeadline, of stream: StreamKey) {
    self.init(
      key: DeadlineKey(stream: stream, kind: deadline.kind),
      dueAt: WallTime(milliseconds: deadline.dueAtMs), owner: deadline.owner)
  }
}
