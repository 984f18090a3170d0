import Journal

/// The rows of the transaction under way and the rule by which events change them. Rows that are
/// not in memory are loaded by whoever uses it.
struct KeyedRows {
  struct Entry {
    var row: KeyedRow?
    var isDirty = false
  }

  private let fold: KeyedFold
  private(set) var entries: [String: Entry] = [:]
  /// Every stalled key; few or none.
  private(set) var stalls: [String: KeyedStall]
  private(set) var newStalls: [KeyedStall] = []

  init(fold: KeyedFold, stalls: [String: KeyedStall] = [:]) {
    self.fold = fold
    self.stalls = stalls
  }

  /// Takes in what lies behind `taken`.
  mutating func apply<Failure: Error>(
    _ batch: ViewBatch<KeyedChange>, after taken: ViewCursors,
    load: (String) throws(Failure) -> KeyedRow?
  ) throws(Failure) {
    for change in batch.changes {
      let event = change.event
      guard event.position > taken.position(batch.source, event.partition) else { continue }
      if let reason = change.setAside {
        if let key = fold.keyOfStream(event.stream) { stall(key, event, of: batch.source, reason) }
        continue
      }
      guard let key = fold.key(event), stalls[key] == nil else { continue }
      var entry: Entry
      if let known = entries[key] { entry = known } else { entry = Entry(row: try load(key)) }
      do {
        switch try fold.effect(event, entry.row) {
        case .put(let bytes):
          entry.row = KeyedRow(
            key: key, version: event.version.value, updatedAt: event.recordedAt, bytes: bytes)
          entry.isDirty = true
        case .remove:
          entry.row = nil
          entry.isDirty = true
        case .nothing: break
        }
      } catch {
        stall(key, event, of: batch.source, "\(event.type): \(error)")
      }
      entries[key] = entry
    }
  }

  private mutating func stall(
    _ key: String, _ event: RecordedEvent, of source: String, _ reason: String
  ) {
    guard stalls[key] == nil else { return }
    let stall = KeyedStall(
      key: key, source: source, partition: event.partition, position: event.position,
      reason: reason.cut(toBytes: OrderRecord.detailBytesMax))
    stalls[key] = stall
    newStalls.append(stall)
  }

  /// What has changed since the last call, which counts as written from now on.
  mutating func takeChanges(keeping entriesMax: Int) -> [KeyedUpdate] {
    var updates: [KeyedUpdate] = []
    for (key, entry) in entries where entry.isDirty {
      updates.append(KeyedUpdate(key: key, row: entry.row))
    }
    if entries.count > entriesMax {
      entries.removeAll()
    } else {
      for update in updates { entries[update.key]?.isDirty = false }
    }
    newStalls.removeAll()
    return updates
  }
}
